// The JavaScript face of a RingCore. Thin on purpose: it turns arguments into calls and answers with integers, negative
// ones being errnos. Checking arguments and making errors is the TypeScript side's work.
#pragma once

#include <napi.h>

#include <memory>

#include "env_data.h"

namespace ringpool {

class NativeRing : public Napi::ObjectWrap<NativeRing> {
 public:
  static Napi::Function Define(Napi::Env env);

  explicit NativeRing(const Napi::CallbackInfo& info);
  ~NativeRing() override;

 private:
  Napi::Value Open(const Napi::CallbackInfo& info);
  Napi::Value Sync(const Napi::CallbackInfo& info);
  Napi::Value Refill(const Napi::CallbackInfo& info);
  Napi::Value Attach(const Napi::CallbackInfo& info);
  Napi::Value AllowUnknownPointers(const Napi::CallbackInfo& info);
  Napi::Value UseLedger(const Napi::CallbackInfo& info);
  Napi::Value Register(const Napi::CallbackInfo& info);
  Napi::Value RegisterBuffers(const Napi::CallbackInfo& info);
  Napi::Value UpdateBuffers(const Napi::CallbackInfo& info);
  Napi::Value CloneBuffers(const Napi::CallbackInfo& info);
  Napi::Value UnregisterBuffers(const Napi::CallbackInfo& info);
  Napi::Value WaitedMs(const Napi::CallbackInfo& info);
  Napi::Value Close(const Napi::CallbackInfo& info);

  Napi::Value Crossing(const Napi::CallbackInfo& info);
  static napi_value Cross(napi_env env, napi_callback_info info);
  Napi::Value CachedReading(const Napi::CallbackInfo& info);
  static napi_value ReadCached(napi_env env, napi_callback_info info);
  Napi::Value OwnFunction(const Napi::CallbackInfo& info, const char* name, napi_callback callback);

  void RetireBuffers(uint32_t start, uint32_t count);
  void NoteFilled(uint32_t start, const std::vector<abi::IoVec>& vectors);
  void DropRetiredIfIdle();

  std::shared_ptr<EnvData> env_data_;
  RingBox* box_;
};

}  // namespace ringpool
