#include "native_ring.h"

#include "ring_registry.h"
#include "syscalls.h"

namespace ringpool {
namespace {

uint32_t U32(const Napi::CallbackInfo& info, size_t index) { return info[index].As<Napi::Number>().Uint32Value(); }
int32_t I32(const Napi::CallbackInfo& info, size_t index) { return info[index].As<Napi::Number>().Int32Value(); }
int64_t I64(const Napi::CallbackInfo& info, size_t index) { return info[index].As<Napi::Number>().Int64Value(); }
Napi::Value Int(Napi::Env env, int64_t value) { return Napi::Number::New(env, static_cast<double>(value)); }

/**
 * A list of views, and as the kernel wants it: one iovec each; null is an empty slot of a sparse table. The handles are
 * taken once, because a thread that is being terminated may refuse to read the list a second time.
 */
struct ViewList {
  std::vector<abi::IoVec> vectors;
  std::vector<Napi::Value> handles;

  explicit ViewList(const Napi::Array& views) : vectors(views.Length(), abi::IoVec{0, 0}), handles(vectors.size()) {
    for (uint32_t index = 0; index < vectors.size(); index++) {
      const Napi::Value value = views.Get(index);
      if (value.IsEmpty() || !value.IsTypedArray()) continue;
      auto view = value.As<Napi::Uint8Array>();
      vectors[index] = abi::IoVec{reinterpret_cast<uint64_t>(view.Data()), view.ByteLength()};
      handles[index] = value;
    }
  }
};

/** The tags argument: a BigUint64Array with one tag for each buffer, or undefined. */
uint64_t Tags(const Napi::Value& value) {
  return value.IsTypedArray() ? reinterpret_cast<uint64_t>(value.As<Napi::BigUint64Array>().Data()) : 0;
}

}  // namespace

Napi::Function NativeRing::Define(Napi::Env env) {
  return DefineClass(
      env, "NativeRing",
      {
          InstanceMethod<&NativeRing::Open>("open"),
          InstanceMethod<&NativeRing::Sync>("sync"),
          InstanceMethod<&NativeRing::Crossing>("crossing"),
          InstanceMethod<&NativeRing::CachedReading>("cachedReading"),
          InstanceMethod<&NativeRing::Refill>("refill"),
          InstanceMethod<&NativeRing::Attach>("attach"),
          InstanceMethod<&NativeRing::AllowUnknownPointers>("allowUnknownPointers"),
          InstanceMethod<&NativeRing::UseLedger>("useLedger"),
          InstanceMethod<&NativeRing::Register>("register"),
          InstanceMethod<&NativeRing::RegisterBuffers>("registerBuffers"),
          InstanceMethod<&NativeRing::UpdateBuffers>("updateBuffers"),
          InstanceMethod<&NativeRing::CloneBuffers>("cloneBuffers"),
          InstanceMethod<&NativeRing::UnregisterBuffers>("unregisterBuffers"),
          InstanceMethod<&NativeRing::WaitedMs>("waitedMs"),
          InstanceMethod<&NativeRing::Close>("close"),
      });
}

NativeRing::NativeRing(const Napi::CallbackInfo& info)
    : Napi::ObjectWrap<NativeRing>(info), env_data_(EnvData::Of(info.Env())->shared_from_this()), box_(env_data_->NewBox()) {}

NativeRing::~NativeRing() {
  if (!env_data_->dead) env_data_->Orphan(box_);
}

// open(memory, ringsOffset, sqesOffset, controlOffset, entries, cqEntries, flags, mapped, sqIdleMs, sqCpu, wqFd)
Napi::Value NativeRing::Open(const Napi::CallbackInfo& info) {
  auto memory = info[0].As<Napi::Uint8Array>();
  RingConfig config{};
  config.memory = RingMemory{memory.Data(), memory.ByteLength(), static_cast<uint64_t>(I64(info, 1)),
                             static_cast<uint64_t>(I64(info, 2)), static_cast<uint64_t>(I64(info, 3))};
  config.entries = U32(info, 4);
  config.cq_entries = U32(info, 5);
  config.flags = U32(info, 6);
  config.mapped = info[7].As<Napi::Boolean>().Value();
  config.sq_thread_idle_ms = U32(info, 8);
  config.sq_thread_cpu = I32(info, 9);
  config.attach_wq_fd = I32(info, 10);
  const int result = box_->core.Open(config);
  if (result == 0) {
    box_->attached.push_back(env_data_->Keep(memory));
    box_->shared->fd = box_->core.fd();
    box_->shared->flags = box_->core.flags();
    box_->id = RingRegistry::Add(box_->shared);
    return Int(info.Env(), static_cast<int64_t>(box_->id));
  }
  return Int(info.Env(), result);
}

// A function for this ring alone: it finds its ring in its own data, and takes and gives control words, which is a third
// of what a call with an object to unwrap and numbers to convert costs.
Napi::Value NativeRing::OwnFunction(const Napi::CallbackInfo& info, const char* name, napi_callback callback) {
  napi_value function = nullptr;
  napi_create_function(info.Env(), name, NAPI_AUTO_LENGTH, callback, this, &function);
  // The function keeps the object alive, and so the data.
  Napi::Function(info.Env(), function).Set("ring", info.This());
  return Napi::Value(info.Env(), function);
}

// crossing(): the one call on every hot path of the ring.
Napi::Value NativeRing::Crossing(const Napi::CallbackInfo& info) { return OwnFunction(info, "cross", Cross); }

// cachedReading(): the one call on the hot path of reads that need no ring.
Napi::Value NativeRing::CachedReading(const Napi::CallbackInfo& info) { return OwnFunction(info, "readCached", ReadCached); }

napi_value NativeRing::ReadCached(napi_env env, napi_callback_info info) {
  void* self = nullptr;
  napi_get_cb_info(env, info, nullptr, nullptr, nullptr, &self);
  static_cast<NativeRing*>(self)->box_->core.ReadCached();
  return nullptr;
}

napi_value NativeRing::Cross(napi_env env, napi_callback_info info) {
  void* self = nullptr;
  napi_get_cb_info(env, info, nullptr, nullptr, nullptr, &self);
  static_cast<NativeRing*>(self)->box_->core.Cross();
  return nullptr;
}

Napi::Value NativeRing::Sync(const Napi::CallbackInfo& info) {
  box_->core.Refill();
  box_->core.Sync();
  return info.Env().Undefined();
}

Napi::Value NativeRing::Refill(const Napi::CallbackInfo& info) {
  box_->core.Refill();
  return info.Env().Undefined();
}

// attach(view): the ring keeps the view's memory until its last CQE, and SQEs may point into it.
Napi::Value NativeRing::Attach(const Napi::CallbackInfo& info) {
  auto memory = info[0].As<Napi::Uint8Array>();
  const KeptView kept = env_data_->Keep(memory);
  RingRegistry::Keep(box_->shared.get(), kept.address - memory.ByteOffset());
  for (KeptView& view : box_->attached) {
    // The same arena, grown: one reference serves, the longer view's.
    if (view.address == kept.address) {
      env_data_->Drop(&view);
      view = kept;
      box_->core.guard().Attach(kept.address, kept.address + kept.bytes);
      return info.Env().Undefined();
    }
  }
  box_->attached.push_back(kept);
  box_->core.guard().Attach(kept.address, kept.address + kept.bytes);
  return info.Env().Undefined();
}

Napi::Value NativeRing::AllowUnknownPointers(const Napi::CallbackInfo& info) {
  box_->core.guard().AllowUnknown();
  return info.Env().Undefined();
}

// useLedger(): descriptors that operations make are the ring's to close until they are in the ledger.
Napi::Value NativeRing::UseLedger(const Napi::CallbackInfo& info) {
  box_->core.UseLedger();
  return info.Env().Undefined();
}

// register(op, argument view or null, count): any register operation that takes no memory beyond the call itself.
Napi::Value NativeRing::Register(const Napi::CallbackInfo& info) {
  void* argument = info[1].IsTypedArray() ? info[1].As<Napi::Uint8Array>().Data() : nullptr;
  return Int(info.Env(), box_->core.Register(U32(info, 0), argument, U32(info, 2)));
}

void NativeRing::RetireBuffers(uint32_t start, uint32_t count) {
  for (uint32_t index = start; index < start + count && index < box_->buffers.size(); index++) {
    KeptView& view = box_->buffers[index];
    if (view.reference != nullptr) box_->retired.push_back(view);
    view = KeptView{nullptr, 0, 0};
  }
}

// Which slots the kernel has filled from `start` on, for threads that register through this ring. Under the table's lock.
void NativeRing::NoteFilled(uint32_t start, const std::vector<abi::IoVec>& vectors) {
  std::vector<bool>& filled = box_->shared->filled;
  if (filled.size() < start + vectors.size()) filled.resize(start + vectors.size(), false);
  for (size_t index = 0; index < vectors.size(); index++) filled[start + index] = vectors[index].len > 0;
}

// A replaced buffer's memory may still be written by operations that were in flight at the exchange.
void NativeRing::DropRetiredIfIdle() {
  if (!box_->retired.empty() && box_->core.DrainRegisteredBuffers(0) == 0) env_data_->DropAll(&box_->retired);
}

// registerBuffers(views, tags?, sparse): views may hold null only when sparse.
Napi::Value NativeRing::RegisterBuffers(const Napi::CallbackInfo& info) {
  const ViewList views(info[0].As<Napi::Array>());
  const std::vector<abi::IoVec>& vectors = views.vectors;
  const uint64_t tags = Tags(info[1]);
  const bool sparse = info[2].As<Napi::Boolean>().Value();
  const auto count = static_cast<uint32_t>(vectors.size());
  std::unique_lock<std::mutex> table(box_->shared->table);
  int result;
  if (sparse) {
    abi::RsrcRegister arg{count, abi::kRsrcRegisterSparse, 0, 0, 0};
    result = box_->core.Register(abi::kRegisterBuffers2, &arg, sizeof arg);
    // Before 5.19 there is no sparse flag, but empty iovecs are taken since 5.13.
    if (result == -EINVAL) result = box_->core.Register(abi::kRegisterBuffers, vectors.data(), count);
  } else if (tags != 0) {
    abi::RsrcRegister arg{count, 0, 0, reinterpret_cast<uint64_t>(vectors.data()), tags};
    result = box_->core.Register(abi::kRegisterBuffers2, &arg, sizeof arg);
  } else {
    result = box_->core.Register(abi::kRegisterBuffers, vectors.data(), count);
  }
  if (result < 0) return Int(info.Env(), result);
  box_->shared->filled.assign(count, false);
  NoteFilled(0, vectors);
  table.unlock();
  DropRetiredIfIdle();
  box_->buffers.assign(count, KeptView{nullptr, 0, 0});
  for (uint32_t index = 0; index < count; index++) {
    if (vectors[index].len > 0) box_->buffers[index] = env_data_->Keep(views.handles[index].As<Napi::Uint8Array>());
  }
  return Int(info.Env(), result);
}

// updateBuffers(start, views, tags?): the answer is how many slots were exchanged, or a negative errno.
Napi::Value NativeRing::UpdateBuffers(const Napi::CallbackInfo& info) {
  const uint32_t start = U32(info, 0);
  const ViewList views(info[1].As<Napi::Array>());
  const std::vector<abi::IoVec>& vectors = views.vectors;
  const auto count = static_cast<uint32_t>(vectors.size());
  abi::RsrcUpdate2 arg{start, 0, reinterpret_cast<uint64_t>(vectors.data()), Tags(info[2]), count, 0};
  std::unique_lock<std::mutex> table(box_->shared->table);
  const int result = box_->core.Register(abi::kRegisterBuffersUpdate, &arg, sizeof arg);
  const uint32_t done = result > 0 ? static_cast<uint32_t>(result) : 0;
  NoteFilled(start, {vectors.begin(), vectors.begin() + done});
  table.unlock();
  DropRetiredIfIdle();
  RetireBuffers(start, done);
  if (box_->buffers.size() < start + done) box_->buffers.resize(start + done, KeptView{nullptr, 0, 0});
  for (uint32_t index = 0; index < done; index++) {
    if (vectors[index].len == 0) continue;
    box_->buffers[start + index] = env_data_->Keep(views.handles[index].As<Napi::Uint8Array>());
  }
  return Int(info.Env(), result);
}

// cloneBuffers(sourceId, views, sourceOffset, offset, count, replace): views are the source's, seen from this thread.
Napi::Value NativeRing::CloneBuffers(const Napi::CallbackInfo& info) {
  const ViewList views(info[1].As<Napi::Array>());
  const uint32_t source_offset = U32(info, 2);
  const uint32_t offset = U32(info, 3);
  const uint32_t count = U32(info, 4);
  const bool replace = info[5].As<Napi::Boolean>().Value();
  std::unique_lock<std::mutex> table(box_->shared->table);
  const int result = RingRegistry::With(static_cast<uint64_t>(I64(info, 0)), [&](const SharedRing& source) {
    abi::CloneBuffers arg{};
    arg.src_fd = static_cast<uint32_t>(source.fd);
    arg.flags = replace ? abi::kCloneDstReplace : 0;
    arg.src_off = source_offset;
    arg.dst_off = offset;
    arg.nr = count;
    return box_->core.Register(abi::kRegisterCloneBuffers, &arg, 1);
  });
  if (result < 0) return Int(info.Env(), result);
  NoteFilled(offset, views.vectors);
  table.unlock();
  DropRetiredIfIdle();
  const auto cloned = static_cast<uint32_t>(views.handles.size());
  RetireBuffers(offset, cloned);
  if (box_->buffers.size() < offset + cloned) box_->buffers.resize(offset + cloned, KeptView{nullptr, 0, 0});
  for (uint32_t index = 0; index < cloned; index++) {
    const Napi::Value& value = views.handles[index];
    if (!value.IsEmpty()) box_->buffers[offset + index] = env_data_->Keep(value.As<Napi::Uint8Array>());
  }
  return Int(info.Env(), result);
}

// unregisterBuffers(timeoutMs): drains first. A positive answer is the number of operations that did not complete in
// time, and then the buffers stay registered.
Napi::Value NativeRing::UnregisterBuffers(const Napi::CallbackInfo& info) {
#ifndef RINGPOOL_WITHOUT_DRAIN
  const uint32_t owed = box_->core.DrainRegisteredBuffers(I64(info, 0));
  if (owed > 0) return Int(info.Env(), owed);
#endif
  std::unique_lock<std::mutex> table(box_->shared->table);
  const int result = box_->core.Register(abi::kUnregisterBuffers, nullptr, 0);
  if (result == 0) box_->shared->filled.clear();
  table.unlock();
  if (result == 0) {
    env_data_->DropAll(&box_->buffers);
    env_data_->DropAll(&box_->retired);
  }
  return Int(info.Env(), result);
}

// waitedMs(): the time since the last crossing that was to wait.
Napi::Value NativeRing::WaitedMs(const Napi::CallbackInfo& info) { return Int(info.Env(), box_->core.WaitedMs()); }

// close(timeoutMs, cancelAllAfterMs): the number of operations still owed a CQE. Above zero the ring and its memory stay.
Napi::Value NativeRing::Close(const Napi::CallbackInfo& info) {
  // While another thread registers through the ring, that is one operation more.
  if (!RingRegistry::Remove(box_->id, I64(info, 0))) return Int(info.Env(), 1);
  const uint32_t owed = box_->core.Close(I64(info, 0), I64(info, 1));
  if (owed == 0) env_data_->ReleaseBox(box_);
  return Int(info.Env(), owed);
}

}  // namespace ringpool
