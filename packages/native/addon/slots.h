// The slot table: one 32-bit word in shared memory for every operation a ring may have in flight.
//
// word = generation, with a bit on top when the slot is free or refused. Only the addon writes: it arms SQEs with free
// slots, and frees a slot once JavaScript has reaped its terminal CQE. Whatever happens to JavaScript, the table tells
// which operations the kernel still owes a CQE for. JavaScript reads it to know its own CQEs: the high half of such a
// CQE's user_data equals the word. One thread, so relaxed ordering is enough.
#pragma once

#include <atomic>
#include <cstdint>

namespace ringpool {

constexpr uint32_t kGenerationMask = (1u << 20) - 1;
constexpr uint32_t kSlotFreeBit = 1u << 30;     // neither armed nor in flight
constexpr uint32_t kSlotRefusedBit = 1u << 29;  // submitted as an opcode no kernel knows: the guard refused the SQE

/** Set in the user_data of every CQE that answers no slot: messages from other rings, tags, the addon's own cancels. */
constexpr uint64_t kForeignBit = 1ull << 63;

class SlotTable {
 public:
  void Bind(void* words, uint32_t count) {
    words_ = static_cast<std::atomic<uint32_t>*>(words);
    count_ = count;
    for (uint32_t slot = 0; slot < count; slot++) Store(slot, kSlotFreeBit);
  }

  uint32_t count() const { return count_; }
  bool IsFree(uint32_t slot) const { return Load(slot) & kSlotFreeBit; }
  uint32_t Generation(uint32_t slot) const { return Load(slot) & kGenerationMask; }
  uint64_t UserData(uint32_t slot) const { return static_cast<uint64_t>(Generation(slot)) << 32 | slot; }

  /** Takes a free slot for an SQE; returns the user_data the SQE must carry. */
  uint64_t Arm(uint32_t slot) const {
    const uint32_t generation = Generation(slot);
    Store(slot, generation);
    return static_cast<uint64_t>(generation) << 32 | slot;
  }

  void Refuse(uint32_t slot) { Store(slot, Load(slot) | kSlotRefusedBit); }

  /** True when the user_data names a slot that is armed or in flight. */
  bool IsTaken(uint64_t user_data) const {
    const uint32_t slot = static_cast<uint32_t>(user_data);
    return slot < count_ && (Load(slot) & ~kSlotRefusedBit) == user_data >> 32;
  }

  /** Frees the slot and turns its generation over, so that a late or forged CQE finds nobody. Returns the slot. */
  uint32_t Settle(uint64_t user_data) const {
    const uint32_t slot = static_cast<uint32_t>(user_data);
    Store(slot, ((static_cast<uint32_t>(user_data >> 32) + 1) & kGenerationMask) | kSlotFreeBit);
    return slot;
  }

  uint32_t Taken() const {
    uint32_t taken = 0;
    for (uint32_t slot = 0; slot < count_; slot++) taken += !IsFree(slot);
    return taken;
  }

 private:
  uint32_t Load(uint32_t slot) const { return words_[slot].load(std::memory_order_relaxed); }
  void Store(uint32_t slot, uint32_t word) const { words_[slot].store(word, std::memory_order_relaxed); }

  std::atomic<uint32_t>* words_ = nullptr;
  uint32_t count_ = 0;
};
static_assert(sizeof(std::atomic<uint32_t>) == 4);

}  // namespace ringpool
