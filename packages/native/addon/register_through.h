// Registering a buffer through a ring of another thread: a thread that has made new memory fills an empty slot of a ring
// that all threads clone from, without asking the thread that opened it.
//
// The kernel pins the pages, so it can never write to memory that was given back. But the slot stands for an address,
// and a view of other memory at that address would then mean the old pages: so the memory must be one that the ring's own
// environment keeps until the ring has closed, and a slot that holds a buffer is never replaced from elsewhere.
#pragma once

#include <napi.h>

namespace ringpool {

void DefineRegisterThrough(Napi::Env env, Napi::Object exports);

}  // namespace ringpool
