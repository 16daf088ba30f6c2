// Reading, writing and syncing by one system call on the calling thread: what costs least when the data is cached, or
// when the caller waits anyway. Nothing is kept, and nothing runs after the call: the memory may be any.
#pragma once

#include <napi.h>

namespace ringpool {

/** The position that stands for the descriptor's own. */
constexpr double kCurrentPosition = -1;
/** The cost of a system call: the least of so many rounds of so many calls, some 0.1 ms in all. */
constexpr int kMeasureRounds = 8;
constexpr int kMeasureCalls = 16;

void DefineTransfers(Napi::Env env, Napi::Object exports);

}  // namespace ringpool
