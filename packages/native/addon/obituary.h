// Obituaries: what one environment (a thread) leaves behind in shared memory when it ends, in whatever way it does.
//
// A worker that is terminated runs no JavaScript any more, and its exit event reaches no thread that is blocked. So this
// is done by the environment's clean-up, on its own thread, after its rings have been drained to their last CQE: whoever
// reads the word may reuse every byte that the thread had given to the kernel.
#pragma once

#include <napi.h>

#include <cstdint>
#include <map>
#include <vector>

#include "doorbell.h"

namespace ringpool {

/** How many values an obituary may be told to replace. */
constexpr uint32_t kObituaryExpectedMax = 2;

struct Obituary {
  napi_ref reference = nullptr;  // keeps the memory of the words until the obituary is done or cancelled
  int32_t* store = nullptr;
  int32_t* add = nullptr;
  int32_t value = 0;
  uint32_t expected_count = 0;  // 0: whatever the word holds
  int32_t expected[kObituaryExpectedMax] = {};
  uint32_t descriptor_owner = 0;  // whose descriptors are closed first; 0: nobody's
  std::vector<DoorbellName> bells;
  // Further bells, whose names stand in the words when the thread ends: a name, index and generation, every `stride` words.
  int32_t* words = nullptr;
  size_t length = 0;
  uint32_t table_at = 0;
  uint32_t table_stride = 0;
  uint32_t table_count = 0;
};

/** Those of one environment, by a number, in the order in which they were written. */
class Obituaries {
 public:
  uint32_t Write(Obituary obituary);
  Obituary* Find(uint32_t id);
  void Cancel(napi_env env, uint32_t id);
  /** Does what they say, once, and lets go of their memory. */
  void Perform(napi_env env);

 private:
  std::map<uint32_t, Obituary> all_;
  uint32_t last_id_ = 0;
};

void DefineObituaries(Napi::Env env, Napi::Object exports);

}  // namespace ringpool
