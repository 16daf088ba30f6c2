// Reading, writing and syncing by one system call on the calling thread: what costs least when the data is cached, or
// when the caller waits anyway. Nothing is kept, and nothing runs after the call: the memory may be any.
#pragma once

#include <napi.h>

namespace ringpool {

/** How often a call that a signal interrupted is made again before the caller hears of it. */
constexpr int kInterruptsMax = 64;
/** The position that stands for the descriptor's own. */
constexpr double kCurrentPosition = -1;

void DefineTransfers(Napi::Env env, Napi::Object exports);

}  // namespace ringpool
