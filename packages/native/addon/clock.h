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

inline void SleepMs(int64_t ms) {
  const timespec time{ms / 1000, (ms % 1000) * 1000000};
  nanosleep(&time, nullptr);
}

}  // namespace ringpool
