// Every open ring of the process by a number that is never reused, so that a thread which clones from a ring of another,
// or registers through it, can hit neither a closed descriptor nor another ring that got the same descriptor number.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <vector>

namespace ringpool {

/** An open ring, as far as threads other than its own have to do with it. */
struct SharedRing {
  int fd = -1;
  uint32_t flags = 0;
  /** Held while the ring's table of buffers changes, by whichever thread. The kernel lets one in at a time, too. */
  std::mutex table;
  /** Under `table`: which slots of it hold a buffer. */
  std::vector<bool> filled;
  /** Under the registry's lock: where the memory begins that the ring's environment keeps until the ring has closed. */
  std::vector<uint64_t> kept;
  /** Under the registry's lock: calls of other threads that are using the descriptor. */
  uint32_t users = 0;
  bool closing = false;
};

class RingRegistry {
 public:
  static uint64_t Add(const std::shared_ptr<SharedRing>& ring);
  /** From now on nobody finds it. False when after `timeout_ms` somebody still uses it: ask again before closing it. */
  static bool Remove(uint64_t id, int64_t timeout_ms);
  /** Runs `use` while the ring cannot be closed; -EBADF when it is closed already. */
  static int With(uint64_t id, const std::function<int(SharedRing& ring)>& use);

  static void Keep(SharedRing* ring, uint64_t base);
  static bool Keeps(const SharedRing& ring, uint64_t base);
};

}  // namespace ringpool
