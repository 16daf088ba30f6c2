#include "descriptors.h"

#include <unistd.h>

#include <cerrno>
#include <mutex>
#include <unordered_map>

#include "arguments.h"
#include "env_data.h"

namespace ringpool {
namespace {

struct Entry {
  uint32_t owner;
  bool claimed;
};

// Process wide and never destroyed: worker threads may outlive static destructors.
struct Table {
  std::mutex mutex;
  std::unordered_map<int, Entry> entries;
  uint32_t last_owner = kOwnerInTransit;
};

Table& TheTable() {
  static Table* table = new Table();
  return *table;
}

// The kernel has given the number back whatever it answers, so nothing is tried again; EINTR means no more than that
// the file system was not waited for.
int CloseOnce(int fd) {
  if (close(fd) == 0 || errno == EINTR || errno == EINPROGRESS) return 0;
  return -errno;
}

}  // namespace

uint32_t DescriptorLedger::NewOwner() {
  Table& table = TheTable();
  const std::lock_guard<std::mutex> lock(table.mutex);
  if (++table.last_owner == kOwnerInTransit) ++table.last_owner;
  return table.last_owner;
}

bool DescriptorLedger::Add(int fd, uint32_t owner, bool claimed) {
  Table& table = TheTable();
  const std::lock_guard<std::mutex> lock(table.mutex);
  return table.entries.insert_or_assign(fd, Entry{owner, claimed}).second;
}

bool DescriptorLedger::Claim(int fd, uint32_t owner) {
  Table& table = TheTable();
  const std::lock_guard<std::mutex> lock(table.mutex);
  const auto found = table.entries.find(fd);
  if (found == table.entries.end() || found->second.owner != owner) return false;
  found->second.claimed = true;
  return true;
}

bool DescriptorLedger::Give(int fd, uint32_t from, uint32_t to) {
  Table& table = TheTable();
  const std::lock_guard<std::mutex> lock(table.mutex);
  const auto found = table.entries.find(fd);
  if (found == table.entries.end() || found->second.owner != from) return false;
  found->second.owner = to;
  return true;
}

bool DescriptorLedger::Release(int fd, uint32_t owner) {
  Table& table = TheTable();
  const std::lock_guard<std::mutex> lock(table.mutex);
  const auto found = table.entries.find(fd);
  if (found == table.entries.end() || found->second.owner != owner) return false;
  table.entries.erase(found);
  return true;
}

// The entry goes first: until close() the kernel gives the number to nobody, and after it the number may come back and
// be added again at once.
int DescriptorLedger::Close(int fd, uint32_t owner) {
  {
    Table& table = TheTable();
    const std::lock_guard<std::mutex> lock(table.mutex);
    const auto found = table.entries.find(fd);
    if (found == table.entries.end() || found->second.owner != owner) return -EBADF;
    table.entries.erase(found);
  }
  return CloseOnce(fd);
}

uint32_t DescriptorLedger::CloseAllOf(uint32_t owner, bool unclaimed_only) {
  std::vector<int> taken;
  {
    Table& table = TheTable();
    const std::lock_guard<std::mutex> lock(table.mutex);
    for (auto it = table.entries.begin(); it != table.entries.end();) {
      if (it->second.owner != owner || (unclaimed_only && it->second.claimed)) {
        ++it;
        continue;
      }
      taken.push_back(it->first);
      it = table.entries.erase(it);
    }
  }
  // Outside the lock: closing may take as long as the file's device or network likes.
  for (const int fd : taken) CloseOnce(fd);
  return static_cast<uint32_t>(taken.size());
}

std::vector<int> DescriptorLedger::AllOf(uint32_t owner) {
  std::vector<int> found;
  Table& table = TheTable();
  const std::lock_guard<std::mutex> lock(table.mutex);
  for (const auto& [fd, entry] : table.entries) {
    if (entry.owner == owner) found.push_back(fd);
  }
  return found;
}

bool DescriptorLedger::Holds(int fd) {
  Table& table = TheTable();
  const std::lock_guard<std::mutex> lock(table.mutex);
  return table.entries.count(fd) > 0;
}

namespace {

// An owner that may hold descriptors: those in transit are nobody's to claim or close.
bool Owner(const Arguments<3>& arguments, size_t index, uint32_t* owner) {
  return arguments.Unsigned(index, owner) && *owner != kOwnerInTransit;
}

// descriptorOwner() -> a number that no owner has had before
napi_value NewOwner(napi_env env, napi_callback_info info) {
  return Arguments<1>(env, info).Answer(DescriptorLedger::NewOwner());
}

// descriptorAdd(fd, owner, claimed) -> 1, 0 when a void entry stood there, or -EINVAL
napi_value Add(napi_env env, napi_callback_info info) {
  const Arguments<3> arguments(env, info);
  int fd;
  uint32_t owner;
  bool claimed;
  if (!arguments.Descriptor(0, &fd) || !Owner(arguments, 1, &owner) || !arguments.Boolean(2, &claimed)) {
    return arguments.Answer(-EINVAL);
  }
  const bool fresh = DescriptorLedger::Add(fd, owner, claimed);
  // In the same call: the ring that it came from learns that it is no longer the ring's to close.
  EnvData::Of(env)->MarkLedgered(fd);
  return arguments.Answer(fresh ? 1 : 0);
}

// descriptorClaim(fd, owner) -> 1, 0 when it is not this owner's, or -EINVAL
napi_value Claim(napi_env env, napi_callback_info info) {
  const Arguments<3> arguments(env, info);
  int fd;
  uint32_t owner;
  if (!arguments.Descriptor(0, &fd) || !Owner(arguments, 1, &owner)) return arguments.Answer(-EINVAL);
  return arguments.Answer(DescriptorLedger::Claim(fd, owner) ? 1 : 0);
}

// descriptorGive(fd, from, to) -> 1, 0 when it is not `from`'s, or -EINVAL
napi_value Give(napi_env env, napi_callback_info info) {
  const Arguments<3> arguments(env, info);
  int fd;
  uint32_t from;
  uint32_t to;
  if (!arguments.Descriptor(0, &fd) || !arguments.Unsigned(1, &from) || !arguments.Unsigned(2, &to)) {
    return arguments.Answer(-EINVAL);
  }
  return arguments.Answer(DescriptorLedger::Give(fd, from, to) ? 1 : 0);
}

// descriptorRelease(fd, owner) -> 1, 0 when it is not this owner's, or -EINVAL
napi_value Release(napi_env env, napi_callback_info info) {
  const Arguments<3> arguments(env, info);
  int fd;
  uint32_t owner;
  if (!arguments.Descriptor(0, &fd) || !Owner(arguments, 1, &owner)) return arguments.Answer(-EINVAL);
  return arguments.Answer(DescriptorLedger::Release(fd, owner) ? 1 : 0);
}

// descriptorHeld(fd) -> 1 when the ledger has it, 0 when not, or -EINVAL
napi_value Held(napi_env env, napi_callback_info info) {
  const Arguments<3> arguments(env, info);
  int fd;
  if (!arguments.Descriptor(0, &fd)) return arguments.Answer(-EINVAL);
  return arguments.Answer(DescriptorLedger::Holds(fd) ? 1 : 0);
}

// descriptorClose(fd, owner) -> 0 or a negative errno: EBADF when it is not this owner's, or the close's own
napi_value Close(napi_env env, napi_callback_info info) {
  const Arguments<3> arguments(env, info);
  int fd;
  uint32_t owner;
  if (!arguments.Descriptor(0, &fd) || !Owner(arguments, 1, &owner)) return arguments.Answer(-EBADF);
  return arguments.Answer(DescriptorLedger::Close(fd, owner));
}

// descriptorCloseAll(owner, unclaimedOnly) -> how many, or -EINVAL
napi_value CloseAll(napi_env env, napi_callback_info info) {
  const Arguments<3> arguments(env, info);
  uint32_t owner;
  bool unclaimed_only;
  if (!Owner(arguments, 0, &owner) || !arguments.Boolean(1, &unclaimed_only)) return arguments.Answer(-EINVAL);
  return arguments.Answer(DescriptorLedger::CloseAllOf(owner, unclaimed_only));
}

// descriptorList(owner) -> numbers, in no order, or -EINVAL
napi_value List(napi_env env, napi_callback_info info) {
  const Arguments<3> arguments(env, info);
  uint32_t owner;
  if (!arguments.Unsigned(0, &owner)) return arguments.Answer(-EINVAL);
  const std::vector<int> found = DescriptorLedger::AllOf(owner);
  napi_value list = nullptr;
  napi_create_array_with_length(env, found.size(), &list);
  for (uint32_t index = 0; index < found.size(); index++) {
    napi_set_element(env, list, index, arguments.Answer(found[index]));
  }
  return list;
}

}  // namespace

void DefineDescriptors(Napi::Env env, Napi::Object exports) {
  ExportFunction(env, exports, "descriptorOwner", NewOwner);
  ExportFunction(env, exports, "descriptorAdd", Add);
  ExportFunction(env, exports, "descriptorClaim", Claim);
  ExportFunction(env, exports, "descriptorGive", Give);
  ExportFunction(env, exports, "descriptorRelease", Release);
  ExportFunction(env, exports, "descriptorHeld", Held);
  ExportFunction(env, exports, "descriptorClose", Close);
  ExportFunction(env, exports, "descriptorCloseAll", CloseAll);
  ExportFunction(env, exports, "descriptorList", List);
}

}  // namespace ringpool
