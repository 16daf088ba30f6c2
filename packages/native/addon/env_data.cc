#include "env_data.h"

#include <sys/syscall.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>

namespace ringpool {
namespace {

using Shared = std::shared_ptr<EnvData>;

bool IsMainThread() { return getpid() == static_cast<pid_t>(syscall(SYS_gettid)); }

void CleanUp(void* data) {
  auto* shared = static_cast<Shared*>(data);
  (*shared)->End();
  delete shared;
}

}  // namespace

EnvData* EnvData::Of(Napi::Env env) { return env.GetInstanceData<Shared>()->get(); }

void EnvData::Install(Napi::Env env) {
  auto shared = std::make_shared<EnvData>(env);
  env.SetInstanceData<Shared>(new Shared(shared));
  napi_add_env_cleanup_hook(env, CleanUp, new Shared(shared));
}

RingBox* EnvData::NewBox() {
  Sweep();
  boxes_.push_back(std::make_unique<RingBox>());
  return boxes_.back().get();
}

void EnvData::Orphan(RingBox* box) {
  box->orphaned = true;
  Sweep();
}

void EnvData::Sweep() {
  for (auto it = boxes_.begin(); it != boxes_.end();) {
    RingBox* box = it->get();
    if (!box->orphaned) {
      ++it;
      continue;
    }
    // Bounds of zero: take what has completed, never wait inside the collector.
    if (!RingRegistry::Remove(box->id, 0) || box->core.Close(0, kCleanupCancelAllMs) > 0) {
      ++it;
      continue;
    }
    ReleaseBox(box);
    it = boxes_.erase(it);
  }
}

// The last line of defence. Returning with an operation in flight would let V8 free memory that the kernel still
// writes, so this waits, says why, waits again, and then ends the process.
void EnvData::DrainAll() {
  // All clocks start now: rings that wait for nothing but their cancellation wait together, not one after the other.
  for (auto& box : boxes_) {
    // What uses it is a system call of another thread, which ends.
    RingRegistry::Remove(box->id, INT64_MAX);
    box->core.Close(0, kCleanupCancelAllMs);
  }
  for (auto& box : boxes_) {
    uint32_t owed = box->core.Close(kCleanupReadOnlyMs, kCleanupCancelAllMs);
    // A zero-copy send waits for its peer, perhaps for ever, and its pages are pinned: the kernel only reads them.
    if (owed > 0 && box->core.OnlyReadByKernel()) owed = box->core.Abandon();
    if (owed > 0 && box->core.barred() && IsMainThread()) {
      // The process ends with this thread, and the kernel then waits for what is in flight. Until then nothing is given up.
      box.release();  // NOLINT(bugprone-unused-return-value)
      continue;
    }
    if (owed > 0) owed = box->core.Close(kCleanupReportMs, kCleanupCancelAllMs);
    if (owed > 0) {
      std::fprintf(stderr,
                   "ringpool: %u operations of a closing thread's ring have not completed after %lld s; waiting, because "
                   "their memory must not be freed under the kernel\n",
                   owed, static_cast<long long>(kCleanupReportMs / 1000));
      owed = box->core.Close(kCleanupAbortMs, kCleanupCancelAllMs);
    }
    if (owed > 0) {
      std::fprintf(stderr, "ringpool: %u operations still in flight; aborting the process rather than corrupt memory\n",
                   owed);
      std::abort();
    }
    ReleaseBox(box.get());
  }
  boxes_.clear();
  dead = true;
}

void EnvData::End() {
  DrainAll();
  obituaries.Perform(env_);
}

void EnvData::MarkLedgered(int fd) {
  for (auto& box : boxes_) box->core.MarkLedgered(fd);
}

KeptView EnvData::Keep(Napi::Uint8Array view) {
  napi_ref reference = nullptr;
#ifdef RINGPOOL_WITHOUT_REFERENCE  // the negative control of the drain proof: memory may go while the kernel uses it
  constexpr uint32_t kCount = 0;
#else
  constexpr uint32_t kCount = 1;
#endif
  // Without the reference the memory could go while the kernel writes it: there is no way on.
  if (napi_create_reference(env_, view, kCount, &reference) != napi_ok) {
    Napi::Error::Fatal("ringpool", "no reference to memory that the kernel uses");
  }
  return KeptView{reference, reinterpret_cast<uint64_t>(view.Data()), view.ByteLength()};
}

void EnvData::Drop(KeptView* view) {
  if (view->reference != nullptr) napi_delete_reference(env_, view->reference);
  *view = KeptView{nullptr, 0, 0};
}

void EnvData::DropAll(std::vector<KeptView>* views) {
  for (KeptView& view : *views) Drop(&view);
  views->clear();
}

void EnvData::ReleaseBox(RingBox* box) {
  DropAll(&box->attached);
  DropAll(&box->buffers);
  DropAll(&box->retired);
}

}  // namespace ringpool
