// Doorbells: eventfds that threads of one process share by a number, so that no thread can ever write to a descriptor
// that was closed and handed to a file. The descriptor closes when the last thread has detached.
#pragma once

#include <napi.h>

namespace ringpool {

/** Doorbells one process may have at a time. */
constexpr uint32_t kDoorbellsMax = 4096;

void DefineDoorbells(Napi::Env env, Napi::Object exports);

}  // namespace ringpool
