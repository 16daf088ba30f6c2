// The slot table: one 32-bit word in shared memory for every operation a ring may have in flight.
//
// word = generation << 2 | state. JavaScript takes free slots and frees them at the terminal CQE; the addon marks them
// in flight in the very call that submits them. Whatever happens to JavaScript, the addon can read from here which
// operations the kernel still owes a CQE for. Only the ring's own thread writes, so relaxed ordering is enough.
#pragma once

#include <atomic>
#include <cstdint>

namespace ringpool {

constexpr uint32_t kSlotFree = 0;      // no CQE is owed
constexpr uint32_t kSlotInFlight = 1;  // submitted; its terminal CQE has not been settled
constexpr uint32_t kSlotRefused = 3;   // submitted as an opcode no kernel knows, because the guard refused the SQE
constexpr uint32_t kSlotStateMask = 3;
constexpr uint32_t kGenerationMask = (1u << 20) - 1;

/** Set in the user_data of every CQE that answers no slot: messages from other rings, tags, the addon's own cancels. */
constexpr uint64_t kForeignBit = 1ull << 63;

class SlotTable {
 public:
  void Bind(void* words, uint32_t count) {
    words_ = static_cast<std::atomic<uint32_t>*>(words);
    count_ = count;
  }

  uint32_t count() const { return count_; }
  uint32_t Load(uint32_t slot) const { return words_[slot].load(std::memory_order_relaxed); }
  void Store(uint32_t slot, uint32_t generation, uint32_t state) {
    words_[slot].store(generation << 2 | state, std::memory_order_relaxed);
  }

  /** True when the user_data was issued for a slot that is free now: what an SQE about to be submitted must carry. */
  bool IsFresh(uint64_t user_data) const {
    const uint32_t slot = static_cast<uint32_t>(user_data);
    const uint64_t generation = user_data >> 32;
    return slot < count_ && generation <= kGenerationMask &&
           Load(slot) == (static_cast<uint32_t>(generation) << 2 | kSlotFree);
  }

  /** True when the user_data names a slot whose terminal CQE is owed. */
  bool IsOwed(uint64_t user_data) const {
    const uint32_t slot = static_cast<uint32_t>(user_data);
    if (slot >= count_) return false;
    const uint32_t word = Load(slot);
    return word >> 2 == user_data >> 32 && (word & kSlotStateMask) != kSlotFree;
  }

  /** Frees the slot and turns its generation over, so that a late or forged CQE finds nobody. */
  void Settle(uint64_t user_data) {
    const uint32_t slot = static_cast<uint32_t>(user_data);
    Store(slot, (static_cast<uint32_t>(user_data >> 32) + 1) & kGenerationMask, kSlotFree);
  }

  uint32_t Owed() const {
    uint32_t owed = 0;
    for (uint32_t slot = 0; slot < count_; slot++) owed += (Load(slot) & kSlotStateMask) != kSlotFree;
    return owed;
  }

 private:
  std::atomic<uint32_t>* words_ = nullptr;
  uint32_t count_ = 0;
};
static_assert(sizeof(std::atomic<uint32_t>) == 4);

}  // namespace ringpool
