// The descriptor ledger: the descriptors of this process that were opened for somebody, and who that is.
//
// A thread may be terminated between any two statements of JavaScript, and in no native call. So what must happen
// together happens in one call: a descriptor leaves the ledger as it is closed, and nobody closes it a second time,
// when its number may already be another file's. One table for the process, used from every thread.
#pragma once

#include <napi.h>

#include <cstdint>
#include <vector>

namespace ringpool {

/** The owner of a descriptor that one owner has given away and no other has taken yet. */
constexpr uint32_t kOwnerInTransit = 0;

class DescriptorLedger {
 public:
  /** A number that no owner has had before. */
  static uint32_t NewOwner();
  /** False when the number was in the ledger: somebody closed it past the ledger, and that entry is void. */
  static bool Add(int fd, uint32_t owner, bool claimed);
  static bool Claim(int fd, uint32_t owner);
  static bool Give(int fd, uint32_t from, uint32_t to);
  /** Takes the descriptor out and leaves it open: closing it is its caller's affair from now on. */
  static bool Release(int fd, uint32_t owner);
  /** Takes the descriptor out and closes it. 0, -EBADF when it is not this owner's, or what close() answered. */
  static int Close(int fd, uint32_t owner);
  /** Closes all of an owner's, or those nobody has claimed. Returns how many. */
  static uint32_t CloseAllOf(uint32_t owner, bool unclaimed_only);
  static std::vector<int> AllOf(uint32_t owner);
  static bool Holds(int fd);
};

void DefineDescriptors(Napi::Env env, Napi::Object exports);

}  // namespace ringpool
