#include "ring_registry.h"

#include <cerrno>
#include <mutex>
#include <unordered_map>

namespace ringpool {
namespace {

struct Table {
  std::mutex mutex;
  std::unordered_map<uint64_t, int> descriptors;
  uint64_t next = 1;
};

// Never destroyed: worker threads may still close rings while the process runs its static destructors.
Table& TheTable() {
  static Table* table = new Table();
  return *table;
}

}  // namespace

uint64_t RingRegistry::Add(int fd) {
  Table& table = TheTable();
  const std::lock_guard<std::mutex> lock(table.mutex);
  table.descriptors.emplace(table.next, fd);
  return table.next++;
}

void RingRegistry::Remove(uint64_t id) {
  Table& table = TheTable();
  const std::lock_guard<std::mutex> lock(table.mutex);
  table.descriptors.erase(id);
}

int RingRegistry::With(uint64_t id, const std::function<int(int fd)>& use) {
  Table& table = TheTable();
  const std::lock_guard<std::mutex> lock(table.mutex);
  const auto found = table.descriptors.find(id);
  return found == table.descriptors.end() ? -EBADF : use(found->second);
}

}  // namespace ringpool
