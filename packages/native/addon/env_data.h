// What one environment (the main thread, or one worker thread) owns: its rings and everything that keeps their memory.
//
// The clean-up hook runs on the environment's own thread while its JavaScript heap still stands, which is the last
// moment at which the rings can be drained: no other thread may enter them.
#pragma once

#include <napi.h>

#include <list>
#include <memory>
#include <vector>

#include "obituary.h"
#include "ring_core.h"
#include "ring_registry.h"

namespace ringpool {

/** After this long, operations whose memory the kernel only reads are left to it: cancelled, and with pinned pages. */
constexpr int64_t kCleanupReadOnlyMs = 3000;
/** How long a dying environment waits for the CQEs its rings are owed before it says so. */
constexpr int64_t kCleanupReportMs = 30000;
/** When a dying environment's rings ask every operation to stop, not only those that wait for events. */
constexpr int64_t kCleanupCancelAllMs = 2000;
/** After a second wait this long the process is aborted: memory must not be freed under the kernel. */
constexpr int64_t kCleanupAbortMs = 30000;

/** A strong reference to a typed array, and where its bytes lie. */
struct KeptView {
  napi_ref reference;
  uint64_t address;
  uint64_t bytes;
};

/** A ring and the JavaScript memory that must outlive its last CQE. */
struct RingBox {
  RingCore core;
  uint64_t id = 0;                 // in the process-wide registry
  std::shared_ptr<SharedRing> shared = std::make_shared<SharedRing>();
  std::vector<KeptView> attached;  // the queues themselves, and arena memory
  std::vector<KeptView> buffers;   // registered buffers by index; reference null: an empty slot
  std::vector<KeptView> retired;   // replaced while operations on them may still run
  bool orphaned = false;           // its JavaScript object was collected without close()
};

class EnvData : public std::enable_shared_from_this<EnvData> {
 public:
  explicit EnvData(napi_env env) : env_(env) {}

  static EnvData* Of(Napi::Env env);
  static void Install(Napi::Env env);

  RingBox* NewBox();
  /** The JavaScript object is gone: close the ring if nothing is in flight, else keep it for a later sweep. */
  void Orphan(RingBox* box);
  /** Closes orphans that have come to rest. */
  void Sweep();
  void DrainAll();
  /** This thread has put a descriptor into the ledger; one of its rings may have made it. */
  void MarkLedgered(int fd);

  KeptView Keep(Napi::Uint8Array view);
  void Drop(KeptView* view);
  void DropAll(std::vector<KeptView>* views);
  /** Drops every reference of a ring that is closed for good. */
  void ReleaseBox(RingBox* box);

  /** The thread ends: drains its rings, and then does what its obituaries say. */
  void End();

  Obituaries obituaries;
  Napi::FunctionReference ring_constructor;
  bool dead = false;

 private:
  void Erase(RingBox* box);

  napi_env env_;
  std::list<std::unique_ptr<RingBox>> boxes_;
};

}  // namespace ringpool
