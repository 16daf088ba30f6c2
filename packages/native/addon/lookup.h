// Looking a path up by what the kernel remembers of directories, without ever waiting for a disk or a server.
#pragma once

#include <napi.h>

namespace ringpool {

void DefineLookup(Napi::Env env, Napi::Object exports);

}  // namespace ringpool
