// The module: one NativeRing class, and functions that belong to no ring: doorbells, the descriptor ledger, obituaries.

#include <napi.h>

#include "descriptors.h"
#include "doorbell.h"
#include "env_data.h"
#include "lookup.h"
#include "native_ring.h"
#include "obituary.h"
#include "register_through.h"
#include "transfer.h"

namespace ringpool {
namespace {

// Raised whenever the layout of the shared words or a function's arguments change: addon.ts refuses another number,
// because a build that disagrees with the JavaScript beside it would write where it should not.
constexpr int kInterfaceVersion = 9;

// addressOf(view) -> where the view's first byte lies. The same in every thread for shared memory.
Napi::Value AddressOf(const Napi::CallbackInfo& info) {
  const auto view = info[0].As<Napi::Uint8Array>();
  return Napi::Number::New(info.Env(), static_cast<double>(reinterpret_cast<uintptr_t>(view.Data())));
}

Napi::Object Init(Napi::Env env, Napi::Object exports) {
  EnvData::Install(env);
  exports.Set("interfaceVersion", Napi::Number::New(env, kInterfaceVersion));
  exports.Set("NativeRing", NativeRing::Define(env));
  exports.Set("addressOf", Napi::Function::New<AddressOf>(env));
  DefineDoorbells(env, exports);
  DefineDescriptors(env, exports);
  DefineObituaries(env, exports);
  DefineRegisterThrough(env, exports);
  DefineLookup(env, exports);
  DefineTransfers(env, exports);
  return exports;
}

}  // namespace
}  // namespace ringpool

static Napi::Object InitAddon(Napi::Env env, Napi::Object exports) { return ringpool::Init(env, exports); }

NODE_API_MODULE(ringpool, InitAddon)
