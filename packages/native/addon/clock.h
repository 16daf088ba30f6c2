// Monotonic time: milliseconds for bounds on waiting, nanoseconds to measure with.
#pragma once

#include <time.h>

#include <cstdint>

namespace ringpool {

inline int64_t NowNs() {
  timespec now{};
  clock_gettime(CLOCK_MONOTONIC, &now);
  return static_cast<int64_t>(now.tv_sec) * 1000000000 + now.tv_nsec;
}

inline int64_t NowMs() { return NowNs() / 1000000; }

}  // namespace ringpool
