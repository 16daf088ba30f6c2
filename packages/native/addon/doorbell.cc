#include "doorbell.h"

#include <sys/eventfd.h>
#include <unistd.h>
#include <uv.h>

#include <array>
#include <cerrno>
#include <mutex>

namespace ringpool {
namespace {

struct Entry {
  int fd = -1;
  uint32_t attached = 0;
  uint32_t generation = 0;
};

// Process wide and never destroyed: worker threads may outlive static destructors.
struct Table {
  std::mutex mutex;
  std::array<Entry, kDoorbellsMax> entries;
};

Table& TheTable() {
  static Table* table = new Table();
  return *table;
}

/**
 * One thread's attachment. While it exists the descriptor stays open, so ringing needs no lock. Optionally watched by
 * the thread's event loop, which then calls `callback` after emptying the eventfd.
 */
struct Attachment {
  napi_env env;
  uint32_t index;
  int fd;
  bool closing = false;   // the owner has let go; the event loop may not have yet
  bool detached = false;  // the descriptor may be another's by now
  uv_poll_t* poll = nullptr;
  napi_ref callback = nullptr;
  napi_ref resource = nullptr;
  napi_async_context context = nullptr;
  napi_async_cleanup_hook_handle hook = nullptr;
};

void Detach(Attachment* attachment) {
  if (attachment->detached) return;
  attachment->detached = true;
  Table& table = TheTable();
  const std::lock_guard<std::mutex> lock(table.mutex);
  Entry& entry = table.entries[attachment->index];
  if (--entry.attached > 0) return;
  close(entry.fd);
  entry.fd = -1;
  entry.generation++;
}

void OnReadable(uv_poll_t* handle, int status, int events) {
  auto* attachment = static_cast<Attachment*>(handle->data);
  if (status < 0 || !(events & UV_READABLE) || attachment->callback == nullptr) return;
  uint64_t rings = 0;
  if (read(attachment->fd, &rings, sizeof rings) != sizeof rings) return;
  napi_env env = attachment->env;
  napi_handle_scope scope;
  napi_open_handle_scope(env, &scope);
  napi_value callback = nullptr;
  napi_value receiver = nullptr;
  napi_value result = nullptr;
  napi_get_reference_value(env, attachment->callback, &callback);
  napi_get_reference_value(env, attachment->resource, &receiver);
  if (napi_make_callback(env, attachment->context, receiver, callback, 0, nullptr, &result) == napi_pending_exception) {
    napi_value error = nullptr;
    napi_get_and_clear_last_exception(env, &error);
    napi_fatal_exception(env, error);
  }
  napi_close_handle_scope(env, scope);
}

// Stops watching. The libuv handle is freed when the loop has let go of it, and only then is the descriptor given up.
void Unwatch(Attachment* attachment) {
  if (attachment->closing) return;
  attachment->closing = true;
  if (attachment->poll == nullptr) {
    Detach(attachment);
    return;
  }
  uv_poll_t* poll = attachment->poll;
  attachment->poll = nullptr;
  uv_poll_stop(poll);
  uv_close(reinterpret_cast<uv_handle_t*>(poll), [](uv_handle_t* handle) {
    auto* owner = static_cast<Attachment*>(handle->data);
    delete reinterpret_cast<uv_poll_t*>(handle);
    Detach(owner);
    napi_remove_async_cleanup_hook(owner->hook);
    owner->hook = nullptr;
    // Only now may the collector take the handle, and with it this attachment.
    napi_delete_reference(owner->env, owner->resource);
    owner->resource = nullptr;
  });
}

void OnCleanup(napi_async_cleanup_hook_handle, void* data) { Unwatch(static_cast<Attachment*>(data)); }

void Finalize(napi_env env, void* data, void*) {
  auto* attachment = static_cast<Attachment*>(data);
  // A watched bell is kept alive by its own reference, so what arrives here has nothing in the loop.
  if (attachment->callback != nullptr) napi_delete_reference(env, attachment->callback);
  if (attachment->resource != nullptr) napi_delete_reference(env, attachment->resource);
  if (attachment->context != nullptr) napi_async_destroy(env, attachment->context);
  Detach(attachment);
  delete attachment;
}

// Null when the argument is no handle, which can only be in a thread that is being terminated: making one was refused.
Attachment* Of(const Napi::CallbackInfo& info) {
  void* data = nullptr;
  napi_get_value_external(info.Env(), info[0], &data);
  return static_cast<Attachment*>(data);
}

Napi::Value Wrap(Napi::Env env, uint32_t index, int fd) {
  auto* attachment = new Attachment{env, index, fd};
  napi_value external = nullptr;
  // Refused while the thread is being terminated: nobody will hold the attachment then.
  if (napi_create_external(env, attachment, Finalize, nullptr, &external) != napi_ok) {
    Detach(attachment);
    delete attachment;
    return Napi::Value();
  }
  return Napi::Value(env, external);
}

// Takes a free entry: its index, or a negative errno. The answer is wrapped by the caller, outside the lock, because
// making an object may collect garbage, and the finalizer of another attachment takes the lock.
int64_t TakeEntry(int* fd) {
  Table& table = TheTable();
  const std::lock_guard<std::mutex> lock(table.mutex);
  for (uint32_t index = 0; index < kDoorbellsMax; index++) {
    Entry& entry = table.entries[index];
    if (entry.attached > 0) continue;
    *fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (*fd < 0) return -errno;
    entry.fd = *fd;
    entry.attached = 1;
    return index;
  }
  return -ENFILE;
}

int64_t JoinEntry(uint32_t index, uint32_t generation, int* fd) {
  Table& table = TheTable();
  const std::lock_guard<std::mutex> lock(table.mutex);
  if (index >= kDoorbellsMax) return -EBADF;
  Entry& entry = table.entries[index];
  if (entry.attached == 0 || entry.generation != generation) return -EBADF;
  entry.attached++;
  *fd = entry.fd;
  return index;
}

// doorbellCreate() -> handle, or a negative errno
Napi::Value Create(const Napi::CallbackInfo& info) {
  int fd = -1;
  const int64_t index = TakeEntry(&fd);
  if (index < 0) return Napi::Number::New(info.Env(), static_cast<double>(index));
  return Wrap(info.Env(), static_cast<uint32_t>(index), fd);
}

// doorbellAttach(index, generation) -> handle, or -EBADF when every thread has detached since
Napi::Value Attach(const Napi::CallbackInfo& info) {
  int fd = -1;
  const int64_t index =
      JoinEntry(info[0].As<Napi::Number>().Uint32Value(), info[1].As<Napi::Number>().Uint32Value(), &fd);
  if (index < 0) return Napi::Number::New(info.Env(), static_cast<double>(index));
  return Wrap(info.Env(), static_cast<uint32_t>(index), fd);
}

// doorbellIdentity(handle) -> [index, generation, fd]
Napi::Value Identity(const Napi::CallbackInfo& info) {
  const Attachment* attachment = Of(info);
  if (attachment == nullptr) return Napi::Value();
  uint32_t generation = 0;
  {
    Table& table = TheTable();
    const std::lock_guard<std::mutex> lock(table.mutex);
    generation = table.entries[attachment->index].generation;
  }
  Napi::Array identity = Napi::Array::New(info.Env(), 3);
  identity.Set(0u, attachment->index);
  identity.Set(1u, generation);
  identity.Set(2u, attachment->fd);
  return identity;
}

// doorbellRing(handle) -> 0 or a negative errno. EAGAIN (the counter is full) means it is ringing already.
napi_value Ring(napi_env env, napi_callback_info info) {
  size_t count = 1;
  napi_value argument = nullptr;
  void* data = nullptr;
  napi_get_cb_info(env, info, &count, &argument, nullptr, nullptr);
  napi_get_value_external(env, argument, &data);
  const auto* attachment = static_cast<Attachment*>(data);
  int result = -EBADF;
  if (attachment != nullptr && !attachment->closing) {
    const uint64_t one = 1;
    const bool rung = write(attachment->fd, &one, sizeof one) == sizeof one || errno == EAGAIN;
    result = rung ? 0 : -errno;
  }
  napi_value value = nullptr;
  napi_create_int32(env, result, &value);
  return value;
}

// doorbellSilence(handle): empties the eventfd, and says whether it had been rung.
Napi::Value Silence(const Napi::CallbackInfo& info) {
  const Attachment* attachment = Of(info);
  uint64_t rings = 0;
  const bool rung = attachment != nullptr && !attachment->closing && read(attachment->fd, &rings, sizeof rings) == sizeof rings;
  return Napi::Boolean::New(info.Env(), rung);
}

// doorbellWatch(handle, callback): from now on the event loop calls back when the bell rings. Keeps the loop alive.
Napi::Value Watch(const Napi::CallbackInfo& info) {
  Napi::Env env = info.Env();
  Attachment* attachment = Of(info);
  if (attachment == nullptr || attachment->closing) return Napi::Number::New(env, -EBADF);
  if (attachment->poll != nullptr) return Napi::Number::New(env, -EBUSY);
  uv_loop_t* loop = nullptr;
  if (napi_get_uv_event_loop(env, &loop) != napi_ok) return Napi::Number::New(env, -ENOSYS);
  auto* poll = new uv_poll_t();
  const int failed = uv_poll_init(loop, poll, attachment->fd);
  if (failed < 0) {
    delete poll;
    return Napi::Number::New(env, failed);
  }
  poll->data = attachment;
  attachment->poll = poll;
  napi_value name = Napi::String::New(env, "ringpool.doorbell");
  napi_value resource = info[0];
  napi_create_reference(env, info[1], 1, &attachment->callback);
  napi_create_reference(env, resource, 1, &attachment->resource);
  napi_async_init(env, nullptr, name, &attachment->context);
  napi_add_async_cleanup_hook(env, OnCleanup, attachment, &attachment->hook);
  uv_poll_start(poll, UV_READABLE, OnReadable);
  return Napi::Number::New(env, 0);
}

// doorbellHold(handle, alive): whether the watched bell keeps the event loop alive.
Napi::Value Hold(const Napi::CallbackInfo& info) {
  Attachment* attachment = Of(info);
  if (attachment != nullptr && attachment->poll != nullptr) {
    auto* handle = reinterpret_cast<uv_handle_t*>(attachment->poll);
    if (info[1].As<Napi::Boolean>().Value()) {
      uv_ref(handle);
    } else {
      uv_unref(handle);
    }
  }
  return info.Env().Undefined();
}

// doorbellClose(handle): stops watching and detaches this thread.
Napi::Value Close(const Napi::CallbackInfo& info) {
  if (Attachment* attachment = Of(info)) Unwatch(attachment);
  return info.Env().Undefined();
}

}  // namespace

// Under the lock, because only those who are attached keep the descriptor open, and we are not. It does not block.
void RingDoorbell(const DoorbellName& name) {
  Table& table = TheTable();
  const std::lock_guard<std::mutex> lock(table.mutex);
  if (name.index >= kDoorbellsMax) return;
  const Entry& entry = table.entries[name.index];
  if (entry.attached == 0 || entry.generation != name.generation) return;
  const uint64_t one = 1;
  // Refused only when the counter is full, and then it rings already.
  if (write(entry.fd, &one, sizeof one) < 0) return;
}

void DefineDoorbells(Napi::Env env, Napi::Object exports) {
  exports.Set("doorbellCreate", Napi::Function::New<Create>(env));
  exports.Set("doorbellAttach", Napi::Function::New<Attach>(env));
  exports.Set("doorbellIdentity", Napi::Function::New<Identity>(env));
  exports.Set("doorbellSilence", Napi::Function::New<Silence>(env));
  exports.Set("doorbellWatch", Napi::Function::New<Watch>(env));
  exports.Set("doorbellHold", Napi::Function::New<Hold>(env));
  exports.Set("doorbellClose", Napi::Function::New<Close>(env));
  napi_value ring = nullptr;
  napi_create_function(env, "doorbellRing", NAPI_AUTO_LENGTH, Ring, nullptr, &ring);
  exports.Set("doorbellRing", Napi::Value(env, ring));
}

}  // namespace ringpool
