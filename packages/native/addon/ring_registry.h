// Every open ring of the process by a number that is never reused, so that cloning buffers from a ring of another
// thread can neither hit a closed descriptor nor another ring that got the same descriptor number.
#pragma once

#include <cstdint>
#include <functional>

namespace ringpool {

class RingRegistry {
 public:
  static uint64_t Add(int fd);
  static void Remove(uint64_t id);
  /** Runs `use` with the descriptor while the ring cannot be closed; -EBADF when it is closed already. */
  static int With(uint64_t id, const std::function<int(int fd)>& use);
};

}  // namespace ringpool
