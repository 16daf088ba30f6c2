#include "obituary.h"

#include <atomic>
#include <cerrno>
#include <utility>

#include "arguments.h"
#include "descriptors.h"
#include "env_data.h"

namespace ringpool {
namespace {

using SharedWord = std::atomic<int32_t>;
static_assert(sizeof(SharedWord) == sizeof(int32_t));

SharedWord* WordAt(int32_t* word) { return reinterpret_cast<SharedWord*>(word); }

bool Expects(const Obituary& obituary, int32_t value) {
  for (uint32_t index = 0; index < obituary.expected_count; index++) {
    if (obituary.expected[index] == value) return true;
  }
  return obituary.expected_count == 0;
}

// Other threads store to these words with Atomics. The store is seen before the count, and both before a bell rings.
void Perform(const Obituary& obituary) {
  if (obituary.descriptor_owner != 0) DescriptorLedger::CloseAllOf(obituary.descriptor_owner, false);
  SharedWord* word = WordAt(obituary.store);
  int32_t current = word->load();
  while (Expects(obituary, current)) {
    if (word->compare_exchange_strong(current, obituary.value)) break;
  }
  WordAt(obituary.add)->fetch_add(1);
  for (const DoorbellName& bell : obituary.bells) RingDoorbell(bell);
  for (uint32_t entry = 0; entry < obituary.table_count; entry++) {
    int32_t* name = obituary.words + obituary.table_at + entry * obituary.table_stride;
    // Out of range where there is none: no doorbell has the index -1.
    RingDoorbell(DoorbellName{static_cast<uint32_t>(WordAt(name)->load()), static_cast<uint32_t>(WordAt(name + 1)->load())});
  }
}

}  // namespace

uint32_t Obituaries::Write(Obituary obituary) {
  all_.emplace(++last_id_, std::move(obituary));
  return last_id_;
}

Obituary* Obituaries::Find(uint32_t id) {
  const auto found = all_.find(id);
  return found == all_.end() ? nullptr : &found->second;
}

void Obituaries::Cancel(napi_env env, uint32_t id) {
  const auto found = all_.find(id);
  if (found == all_.end()) return;
  napi_delete_reference(env, found->second.reference);
  all_.erase(found);
}

void Obituaries::Perform(napi_env env) {
  for (auto& [id, obituary] : all_) {
    ringpool::Perform(obituary);
    napi_delete_reference(env, obituary.reference);
  }
  all_.clear();
}

namespace {

// The words, checked here and not above: what is stored there is stored when no JavaScript can see it any more.
int ReadWords(const Arguments<7>& arguments, Obituary* obituary) {
  ViewArgument words;
  if (!words.Read(arguments.env, arguments.values[0], napi_int32_array)) return -EINVAL;
  // What is not shared may be transferred away, and its memory be freed.
  if (!words.shared) return -EACCES;
  uint32_t store;
  uint32_t add;
  if (!arguments.Unsigned(1, &store) || !arguments.Unsigned(3, &add)) return -ERANGE;
  if (store >= words.length || add >= words.length) return -ERANGE;
  auto* base = reinterpret_cast<int32_t*>(words.data);
  obituary->store = base + store;
  obituary->add = base + add;
  obituary->words = base;
  obituary->length = words.length;
  return 0;
}

bool ReadValue(const Arguments<7>& arguments, size_t index, int32_t* out) {
  double value;
  if (!arguments.Integer(index, INT32_MIN, INT32_MAX, &value)) return false;
  *out = static_cast<int32_t>(value);
  return true;
}

// obituaryWrite(words, storeIndex, storeValue, addIndex, expectedCount, expected, expected) -> its number from 1, -ERANGE
// for an index outside, -EACCES for memory that is not shared, -EINVAL for anything else
napi_value Write(napi_env env, napi_callback_info info) {
  const Arguments<7> arguments(env, info);
  Obituary obituary;
  const int refused = ReadWords(arguments, &obituary);
  if (refused < 0) return arguments.Answer(refused);
  if (!ReadValue(arguments, 2, &obituary.value) || !arguments.Unsigned(4, &obituary.expected_count) ||
      obituary.expected_count > kObituaryExpectedMax) {
    return arguments.Answer(-EINVAL);
  }
  for (uint32_t index = 0; index < obituary.expected_count; index++) {
    if (!ReadValue(arguments, 5 + index, &obituary.expected[index])) return arguments.Answer(-EINVAL);
  }
  if (napi_create_reference(env, arguments.values[0], 1, &obituary.reference) != napi_ok) {
    return arguments.Answer(-ECANCELED);
  }
  return arguments.Answer(EnvData::Of(env)->obituaries.Write(std::move(obituary)));
}

// obituarySetBells(number, Uint32Array of index and generation, by turns) -> 0, or -EINVAL
napi_value SetBells(napi_env env, napi_callback_info info) {
  const Arguments<2> arguments(env, info);
  uint32_t id;
  ViewArgument names;
  if (!arguments.Unsigned(0, &id) || !names.Read(env, arguments.values[1], napi_uint32_array) || names.length % 2 != 0) {
    return arguments.Answer(-EINVAL);
  }
  const auto* words = reinterpret_cast<const uint32_t*>(names.data);
  std::vector<DoorbellName> bells;
  bells.reserve(names.length / 2);
  for (size_t at = 0; at < names.length; at += 2) bells.push_back(DoorbellName{words[at], words[at + 1]});
  // All at once: the thread has one list or the other when it ends.
  if (Obituary* obituary = EnvData::Of(env)->obituaries.Find(id)) obituary->bells = std::move(bells);
  return arguments.Answer(0);
}

// obituarySetTable(number, index, stride, count) -> 0, or -ERANGE where a name would lie outside the words
napi_value SetTable(napi_env env, napi_callback_info info) {
  const Arguments<4> arguments(env, info);
  uint32_t id;
  uint32_t at;
  uint32_t stride;
  uint32_t count;
  if (!arguments.Unsigned(0, &id) || !arguments.Unsigned(1, &at) || !arguments.Unsigned(2, &stride) ||
      !arguments.Unsigned(3, &count)) {
    return arguments.Answer(-ERANGE);
  }
  Obituary* obituary = EnvData::Of(env)->obituaries.Find(id);
  if (obituary == nullptr) return arguments.Answer(0);
  // In 64 bits: none of the factors reaches 2^32. A name has two words.
  const uint64_t last = count == 0 ? 0 : at + static_cast<uint64_t>(count - 1) * stride + 1;
  if (last >= obituary->length) return arguments.Answer(-ERANGE);
  obituary->table_at = at;
  obituary->table_stride = stride;
  obituary->table_count = count;
  return arguments.Answer(0);
}

// obituarySetDescriptors(number, owner) -> 0, or -EINVAL
napi_value SetDescriptors(napi_env env, napi_callback_info info) {
  const Arguments<2> arguments(env, info);
  uint32_t id;
  uint32_t owner;
  if (!arguments.Unsigned(0, &id) || !arguments.Unsigned(1, &owner)) return arguments.Answer(-EINVAL);
  if (Obituary* obituary = EnvData::Of(env)->obituaries.Find(id)) obituary->descriptor_owner = owner;
  return arguments.Answer(0);
}

// obituaryCancel(number)
napi_value Cancel(napi_env env, napi_callback_info info) {
  const Arguments<1> arguments(env, info);
  uint32_t id;
  if (arguments.Unsigned(0, &id)) EnvData::Of(env)->obituaries.Cancel(env, id);
  return nullptr;
}

}  // namespace

void DefineObituaries(Napi::Env env, Napi::Object exports) {
  ExportFunction(env, exports, "obituaryWrite", Write);
  ExportFunction(env, exports, "obituarySetBells", SetBells);
  ExportFunction(env, exports, "obituarySetTable", SetTable);
  ExportFunction(env, exports, "obituarySetDescriptors", SetDescriptors);
  ExportFunction(env, exports, "obituaryCancel", Cancel);
}

}  // namespace ringpool
