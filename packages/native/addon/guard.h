// The guard: which memory the SQEs of one ring may point into.
//
// Attached regions are arena memory that the ring keeps alive until its last CQE. An SQE whose pointers lie elsewhere
// never reaches the kernel. Data of READ_FIXED and its kin are checked by the kernel against the registered buffer.
// Which fields are pointers, to how much memory, comes from the opcode table (opcode_pointers.h).
#pragma once

#include <array>
#include <cstdint>
#include <cstring>
#include <vector>

#include "abi.h"
#include "opcode_pointers.h"

namespace ringpool {

struct Region {
  uint64_t begin;
  uint64_t end;
};

/** What submitting needs to know of an opcode before it looks any closer: small enough to cost one load each. */
struct OpcodeTraits {
  /** Bits of the SQE's 32-bit word at `registered_at` of which one is set when it uses a registered buffer. */
  uint32_t registered_mask = 0;
  uint8_t registered_at = 0;
  bool has_pointers = false;
  /** addr and len, and nothing else unless attr_type_mask is set: READ, WRITE and their fixed forms. */
  bool plain_data = false;
  /** Completes with a new descriptor, unless it was asked for a registered file. */
  bool makes_descriptor = false;
};

constexpr std::array<OpcodeTraits, 256> MakeOpcodeTraits() {
  std::array<OpcodeTraits, 256> table{};
  for (size_t opcode = 0; opcode < table.size(); opcode++) {
    OpcodeTraits& traits = table[opcode];
    if (opcode >= kOpcodes) {
      // An opcode newer than the table: nobody knows its pointers, so the guard decides.
      traits.has_pointers = opcode != abi::kOpRefused;
      continue;
    }
    const OpcodePointers& entry = kOpcodePointers[opcode];
    const bool always = entry.buffer_use == BufferUse::kAlways;
    if (always) traits.registered_mask = 0xff;  // of the word at 0: the opcode itself, which is not 0
    if (entry.buffer_use == BufferUse::kWhen) {
      const Field field = entry.buffer_when.field;
      traits.registered_at = field.offset & ~3u;
      traits.registered_mask = entry.buffer_when.mask << 8 * (field.offset & 3u);
    }
    traits.plain_data = entry.count == 2 && entry.pointers[0].address.offset == kAddr.offset &&
                        entry.pointers[0].extent.size == Size::kLength && entry.pointers[0].extent.field.offset == kLen.offset &&
                        entry.pointers[0].only_when.mask == 0 && entry.pointers[1].only_when.field.offset == kAttrTypeMask.offset &&
                        entry.pointers[1].only_when.mask != 0;
    const bool data_only = always && entry.count == 1 && entry.pointers[0].extent.size == Size::kLength;
    traits.has_pointers = entry.count > 0 && !data_only;
  }
  for (const uint8_t opcode : abi::kOpsMakingDescriptors) table[opcode].makes_descriptor = true;
  return table;
}
inline constexpr std::array<OpcodeTraits, 256> kOpcodeTraits = MakeOpcodeTraits();

/** True when the SQE uses a registered buffer, so that unregistering must wait for it. */
inline bool UsesRegisteredBuffer(const abi::Sqe& sqe, const OpcodeTraits& traits) {
  uint32_t word;
  std::memcpy(&word, reinterpret_cast<const uint8_t*>(&sqe) + traits.registered_at, sizeof word);
  return (word & traits.registered_mask) != 0;
}

class Guard {
 public:
  /** Adds a region, or extends the one that begins at the same address (an arena that grew). */
  void Attach(uint64_t begin, uint64_t end);

  bool Covers(uint64_t address, uint64_t bytes) const {
    for (const Region& region : regions_) {
      if (address >= region.begin && address < region.end && bytes <= region.end - address) return true;
    }
    return false;
  }

  /** True when every pointer of the SQE lies inside an attached region, for as many bytes as the kernel may touch. */
  bool Allows(const abi::Sqe& sqe) const;

  /** Lets through SQEs whose pointers the table cannot describe (URING_CMD payloads, opcodes newer than the table). */
  void AllowUnknown() { allow_unknown_ = true; }

 private:
  bool AllowsPointer(const abi::Sqe& sqe, const Pointer& pointer, bool data_registered) const;
  bool CoversExtent(const abi::Sqe& sqe, const Extent& extent, uint64_t address, bool data_registered) const;
  bool CoversString(uint64_t address) const;
  bool CoversIoVecs(uint64_t address, uint64_t count) const;
  bool CoversMsghdr(uint64_t address, bool data_elsewhere) const;
  bool CoversFutexWaitv(uint64_t address, uint64_t count) const;

  std::vector<Region> regions_;
  bool allow_unknown_ = false;
};

}  // namespace ringpool
