// The guard: which memory the SQEs of one ring may point into.
//
// Attached regions are arena memory that the ring keeps alive until its last CQE. An SQE whose pointers lie elsewhere
// never reaches the kernel. READ_FIXED and its kin are checked by the kernel against the registered buffer itself.
#pragma once

#include <cstdint>
#include <vector>

#include "abi.h"

namespace ringpool {

struct Region {
  uint64_t begin;
  uint64_t end;
};

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

  /** Lets through SQEs whose pointers the table cannot describe (URING_CMD payloads). */
  void AllowUnknown() { allow_unknown_ = true; }

  bool empty() const { return regions_.empty(); }

 private:
  bool CoversString(uint64_t address) const;
  bool CoversIoVecs(uint64_t address, uint64_t count) const;
  bool CoversMsghdr(uint64_t address) const;

  std::vector<Region> regions_;
  bool allow_unknown_ = false;
};

/** True when the SQE uses a registered buffer, so that unregistering must wait for it. */
bool UsesRegisteredBuffer(const abi::Sqe& sqe);

}  // namespace ringpool
