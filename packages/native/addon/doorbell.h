// Doorbells: eventfds that threads of one process share by a number, so that no thread can ever write to a descriptor
// that was closed and handed to a file. The descriptor closes when the last thread has detached.
#pragma once

#include <napi.h>

#include <cstdint>

namespace ringpool {

/** Doorbells one process may have at a time. */
constexpr uint32_t kDoorbellsMax = 4096;

/** A doorbell as it is named to other threads: the place, and which of those that had it. */
struct DoorbellName {
  uint32_t index;
  uint32_t generation;
};

/** Rings it, unless everybody has let go of it: then the descriptor may be another file's. From any thread. */
void RingDoorbell(const DoorbellName& name);

void DefineDoorbells(Napi::Env env, Napi::Object exports);

}  // namespace ringpool
