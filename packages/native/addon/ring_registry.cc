#include "ring_registry.h"

#include <time.h>

#include <algorithm>
#include <cerrno>
#include <unordered_map>

#include "clock.h"

namespace ringpool {
namespace {

/** How often somebody who wants to close a ring looks whether it is still in use. */
constexpr timespec kLookAgain{0, 500'000};

struct Table {
  std::mutex mutex;
  std::unordered_map<uint64_t, std::shared_ptr<SharedRing>> rings;
  uint64_t next = 1;
};

// Never destroyed: worker threads may still close rings while the process runs its static destructors.
Table& TheTable() {
  static Table* table = new Table();
  return *table;
}

// True once nobody finds the ring and nobody uses it.
bool TakeOut(uint64_t id) {
  Table& table = TheTable();
  const std::lock_guard<std::mutex> lock(table.mutex);
  const auto found = table.rings.find(id);
  if (found == table.rings.end()) return true;
  found->second->closing = true;
  if (found->second->users > 0) return false;
  table.rings.erase(found);
  return true;
}

}  // namespace

uint64_t RingRegistry::Add(const std::shared_ptr<SharedRing>& ring) {
  Table& table = TheTable();
  const std::lock_guard<std::mutex> lock(table.mutex);
  table.rings.emplace(table.next, ring);
  return table.next++;
}

// It is waited for by looking: this happens once in a ring's life, if at all.
bool RingRegistry::Remove(uint64_t id, int64_t timeout_ms) {
  const int64_t started = NowMs();
  while (!TakeOut(id)) {
    if (NowMs() - started >= timeout_ms) return false;
    nanosleep(&kLookAgain, nullptr);
  }
  return true;
}

// Not under the lock: pinning a large buffer takes seconds, and other rings would wait for it to open and close.
int RingRegistry::With(uint64_t id, const std::function<int(SharedRing& ring)>& use) {
  Table& table = TheTable();
  std::unique_lock<std::mutex> lock(table.mutex);
  const auto found = table.rings.find(id);
  if (found == table.rings.end() || found->second->closing) return -EBADF;
  const std::shared_ptr<SharedRing> ring = found->second;
  ring->users++;
  lock.unlock();
  const int result = use(*ring);
  lock.lock();
  ring->users--;
  return result;
}

void RingRegistry::Keep(SharedRing* ring, uint64_t base) {
  const std::lock_guard<std::mutex> lock(TheTable().mutex);
  if (std::find(ring->kept.begin(), ring->kept.end(), base) == ring->kept.end()) ring->kept.push_back(base);
}

bool RingRegistry::Keeps(const SharedRing& ring, uint64_t base) {
  const std::lock_guard<std::mutex> lock(TheTable().mutex);
  return std::find(ring.kept.begin(), ring.kept.end(), base) != ring.kept.end();
}

}  // namespace ringpool
