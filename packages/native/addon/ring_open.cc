// Opening a ring: one attempt at one set of flags, in caller's memory (NO_MMAP) or mapped natively.

#include <sys/mman.h>
#include <unistd.h>

#include <cstring>

#include "ring_core.h"
#include "syscalls.h"

namespace ringpool {
namespace {

// The script side's queue header in mapped mode: our own layout, one cache line for each queue.
constexpr uint64_t kScriptSqHead = 0;
constexpr uint64_t kScriptSqTail = 4;
constexpr uint64_t kScriptSqFlags = 8;
constexpr uint64_t kScriptSqDropped = 12;
constexpr uint64_t kScriptCqHead = 64;
constexpr uint64_t kScriptCqTail = 68;
constexpr uint64_t kScriptCqFlags = 72;
constexpr uint64_t kScriptCqOverflow = 76;
constexpr uint64_t kScriptCqes = 4096;

std::atomic<uint32_t>* WordAt(uint8_t* base, uint64_t offset) {
  return reinterpret_cast<std::atomic<uint32_t>*>(base + offset);
}

// Without NO_SQARRAY the kernel reads SQE indices from an array; ours is the identity, for ever.
void FillIdentity(uint8_t* rings, const abi::Params& params) {
  if (params.flags & abi::kSetupNoSqarray) return;
  auto* array = reinterpret_cast<uint32_t*>(rings + params.sq_off.array);
  for (uint32_t index = 0; index < params.sq_entries; index++) array[index] = index;
}

}  // namespace

int RingCore::Open(const RingConfig& config) {
  abi::Params params{};
  params.flags = config.flags | abi::kSetupCqsize;
  params.cq_entries = config.cq_entries;
  params.sq_thread_idle = config.sq_thread_idle_ms;
  if (config.sq_thread_cpu >= 0) params.sq_thread_cpu = static_cast<uint32_t>(config.sq_thread_cpu);
  if (config.attach_wq_fd >= 0) params.wq_fd = static_cast<uint32_t>(config.attach_wq_fd);
  memory_ = config.memory;
  mapped_ = config.mapped;
  if (!mapped_) {
    params.flags |= abi::kSetupNoMmap;
    params.sq_off.user_addr = reinterpret_cast<uint64_t>(memory_.base + memory_.sqes_offset);
    params.cq_off.user_addr = reinterpret_cast<uint64_t>(memory_.base + memory_.rings_offset);
  }

  const int fd = SysSetup(config.entries, &params);
  if (fd < 0) return fd;
  fd_ = fd;
  flags_ = params.flags;
  features_ = params.features;
  sq_entries_ = params.sq_entries;
  cq_entries_ = params.cq_entries;
  sqe_shift_ = flags_ & abi::kSetupSqe128 ? 7 : 6;
  cqe_shift_ = flags_ & abi::kSetupCqe32 ? 5 : 4;

  // JavaScript sized the memory for these counts; a kernel that answers others, or lacks bounded waits (5.11), is refused.
  const bool as_asked = sq_entries_ == config.entries && cq_entries_ == config.cq_entries;
  int error = as_asked && (features_ & abi::kFeatExtArg) ? 0 : -EINVAL;
  if (error == 0) {
    if (mapped_) {
      error = BindMapped(params);
    } else {
      BindShared(params);
    }
  }
  if (error < 0) {
    ReleaseMappings();
    close(fd_);
    fd_ = -1;
    return error;
  }
  slots_.Bind(memory_.base + memory_.control_offset + kControlWords * sizeof(uint32_t), cq_entries_);
  meta_.assign(cq_entries_, SlotMeta{~0u, 0, false});
  PublishControlWords(params);
  auto* words = reinterpret_cast<Word*>(memory_.base + memory_.control_offset);
  reaped_word_ = words + kWordReaped;
  seen_word_ = words + kWordSeen;
  armed_word_ = words + kWordArmed;
  overflows_word_ = words + kWordOverflows;
  published_ = kernel_.sq_tail->load(std::memory_order_relaxed);
  armed_ = published_;
  settled_ = script_.cq_head->load(std::memory_order_relaxed);
  reaped_word_->store(settled_, std::memory_order_relaxed);
  seen_word_->store(settled_, std::memory_order_relaxed);
  ledgered_ = settled_;
  armed_user_data_.assign(sq_entries_, 0);
  // Low numbers are given out first, so that a shallow ring touches few lines of the table.
  free_slots_.resize(cq_entries_);
  free_count_ = cq_entries_;
  for (uint32_t index = 0; index < cq_entries_; index++) free_slots_[index] = cq_entries_ - 1 - index;
  Arm();
  RegisterDescriptor();
  return 0;
}

void RingCore::BindShared(const abi::Params& params) {
  uint8_t* rings = memory_.base + memory_.rings_offset;
  kernel_ = Queues{WordAt(rings, params.sq_off.head),    WordAt(rings, params.sq_off.tail),
                   WordAt(rings, params.sq_off.flags),   WordAt(rings, params.sq_off.dropped),
                   WordAt(rings, params.cq_off.head),    WordAt(rings, params.cq_off.tail),
                   WordAt(rings, params.cq_off.flags),   WordAt(rings, params.cq_off.overflow),
                   memory_.base + memory_.sqes_offset,   rings + params.cq_off.cqes};
  FillIdentity(rings, params);
  script_ = kernel_;
}

int RingCore::BindMapped(const abi::Params& params) {
  const size_t sq_bytes = params.sq_off.array + params.sq_entries * sizeof(uint32_t);
  const size_t cq_bytes = params.cq_off.cqes + (static_cast<size_t>(params.cq_entries) << cqe_shift_);
  const size_t ring_bytes = sq_bytes > cq_bytes ? sq_bytes : cq_bytes;  // one mapping since 5.4 (FEAT_SINGLE_MMAP)
  const auto map = [this](size_t bytes, uint64_t offset) -> uint8_t* {
    void* address = mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_POPULATE, fd_,
                         static_cast<off_t>(offset));
    if (address == MAP_FAILED) return nullptr;
    mappings_.push_back(Mapping{address, bytes});
    // A forked child must not share our queues.
    madvise(address, bytes, MADV_DONTFORK);
    return static_cast<uint8_t*>(address);
  };
  uint8_t* rings = map(ring_bytes, abi::kOffSqRing);
  if (rings == nullptr) return -errno;
  uint8_t* sqes = map(static_cast<size_t>(params.sq_entries) << sqe_shift_, abi::kOffSqes);
  if (sqes == nullptr) return -errno;
  kernel_ = Queues{WordAt(rings, params.sq_off.head),  WordAt(rings, params.sq_off.tail),
                   WordAt(rings, params.sq_off.flags), WordAt(rings, params.sq_off.dropped),
                   WordAt(rings, params.cq_off.head),  WordAt(rings, params.cq_off.tail),
                   WordAt(rings, params.cq_off.flags), WordAt(rings, params.cq_off.overflow),
                   sqes,                               rings + params.cq_off.cqes};
  FillIdentity(rings, params);

  uint8_t* script = memory_.base + memory_.rings_offset;
  script_ = Queues{WordAt(script, kScriptSqHead),  WordAt(script, kScriptSqTail),
                   WordAt(script, kScriptSqFlags), WordAt(script, kScriptSqDropped),
                   WordAt(script, kScriptCqHead),  WordAt(script, kScriptCqTail),
                   WordAt(script, kScriptCqFlags), WordAt(script, kScriptCqOverflow),
                   memory_.base + memory_.sqes_offset, script + kScriptCqes};
  return 0;
}

void RingCore::PublishControlWords(const abi::Params& params) {
  auto* words = reinterpret_cast<uint32_t*>(memory_.base + memory_.control_offset);
  const auto offset = [this](const void* address) {
    return static_cast<uint32_t>(static_cast<const uint8_t*>(address) - memory_.base);
  };
  words[kWordSqHead] = offset(script_.sq_head);
  words[kWordSqTail] = offset(script_.sq_tail);
  words[kWordSqFlags] = offset(script_.sq_flags);
  words[kWordSqDropped] = offset(script_.sq_dropped);
  words[kWordCqHead] = offset(script_.cq_head);
  words[kWordCqTail] = offset(script_.cq_tail);
  words[kWordCqFlags] = offset(script_.cq_flags);
  words[kWordCqOverflow] = offset(script_.cq_overflow);
  words[kWordCqes] = offset(script_.cqes);
  words[kWordSqes] = offset(script_.sqes);
  words[kWordSqEntries] = params.sq_entries;
  words[kWordCqEntries] = params.cq_entries;
  words[kWordFeatures] = params.features;
  words[kWordFlags] = params.flags;
  words[kWordFd] = static_cast<uint32_t>(fd_);
}

// Best effort: a thread has 16 such slots, and a ring that gets none works by its descriptor.
void RingCore::RegisterDescriptor() {
  abi::RsrcUpdate arg{abi::kAnyRegisteredRing, 0, static_cast<uint64_t>(fd_)};
  if (SysRegister(fd_, abi::kRegisterRingFds, &arg, 1) == 1) registered_index_ = static_cast<int>(arg.offset);
}

// Not automatic while the thread lives, and until then it would keep the ring open.
void RingCore::UnregisterDescriptor() {
  if (registered_index_ < 0) return;
  abi::RsrcUpdate arg{static_cast<uint32_t>(registered_index_), 0, 0};
  SysRegister(fd_, abi::kUnregisterRingFds, &arg, 1);
  registered_index_ = -1;
}

void RingCore::ReleaseMappings() {
  for (const Mapping& mapping : mappings_) munmap(mapping.address, mapping.bytes);
  mappings_.clear();
}

}  // namespace ringpool
