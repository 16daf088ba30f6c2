// The guard: which memory the SQEs of one ring may point into.
//
// Attached regions are arena memory that the ring keeps alive until its last CQE. An SQE whose pointers lie elsewhere
// never reaches the kernel. Data of READ_FIXED and its kin are checked by the kernel against the registered buffer.
// Which fields are pointers, to how much memory, comes from the opcode table (opcode_pointers.h).
#pragma once

#include <array>
#include <cstdint>
#include <vector>

#include "abi.h"
#include "opcode_pointers.h"

namespace ringpool {

struct Region {
  uint64_t begin;
  uint64_t end;
};

/** What submitting needs to know of an opcode before it looks any closer. */
constexpr uint8_t kHasPointers = 1;
constexpr uint8_t kMayUseRegistered = 2;

constexpr std::array<uint8_t, 256> MakeOpcodeTraits() {
  std::array<uint8_t, 256> traits{};
  for (size_t opcode = 0; opcode < traits.size(); opcode++) {
    // An opcode newer than the table: nobody knows its pointers, so the guard refuses it.
    if (opcode >= kOpcodes) {
      traits[opcode] = opcode == abi::kOpRefused ? 0 : kHasPointers;
      continue;
    }
    const OpcodePointers& entry = kOpcodePointers[opcode];
    const bool data_only = entry.buffer_use == BufferUse::kAlways && entry.count == 1 &&
                           entry.pointers[0].extent.size == Size::kLength;
    if (entry.count > 0 && !data_only) traits[opcode] |= kHasPointers;
    if (entry.buffer_use != BufferUse::kNever) traits[opcode] |= kMayUseRegistered;
  }
  return traits;
}
inline constexpr std::array<uint8_t, 256> kOpcodeTraits = MakeOpcodeTraits();

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

/** True when the SQE uses a registered buffer, so that unregistering must wait for it. */
bool UsesRegisteredBuffer(const abi::Sqe& sqe);

}  // namespace ringpool
