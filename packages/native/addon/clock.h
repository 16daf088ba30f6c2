// Monotonic milliseconds, for bounds on waiting.
#pragma once

#include <time.h>

#include <cstdint>

namespace ringpool {

inline int64_t NowMs() {
  timespec now{};
  clock_gettime(CLOCK_MONOTONIC, &now);
  return static_cast<int64_t>(now.tv_sec) * 1000 + now.tv_nsec / 1000000;
}

}  // namespace ringpool
