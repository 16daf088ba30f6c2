// Submitting and waiting: the one crossing into the kernel that every operation of a ring shares.

#include "ring_core.h"

#include <sched.h>
#include <unistd.h>

#include <cstring>

#include "clock.h"
#include "syscalls.h"

namespace ringpool {
namespace {

/** Up to here every integer is a double of its own. */
constexpr double kWholeDoubleMax = 9007199254740991.0;

}  // namespace

RingCore::~RingCore() {
  // Only reached once Close has drained: the memory of an undrained ring is never given up.
  ReleaseMappings();
}

// Frees the slots whose terminal CQE JavaScript has reaped, and gives those CQEs back to the kernel.
void RingCore::SettleReaped() {
  const uint32_t reaped = reaped_word_->load(std::memory_order_relaxed);
  // JavaScript can only have reaped what was there: anything else would let a slot's memory go too early.
  if (reaped - settled_ > script_.cq_tail->load(std::memory_order_relaxed) - settled_) return;
  // Locals: for all the compiler knows, stores to shared memory may change our own fields.
  const SlotTable slots = slots_;
  uint8_t* const cqes = script_.cqes;
  uint32_t* const free_slots = free_slots_.data();
  uint32_t free_count = free_count_;
  for (uint32_t index = settled_; index != reaped; index++) {
    const abi::Cqe* cqe = CqeAt(cqes, index);
    const uint64_t user_data = cqe->user_data;
    if (cqe->flags & abi::kCqeFMore || !slots.IsTaken(user_data)) continue;
    free_slots[free_count++] = slots.Settle(user_data);
  }
  settled_ = reaped;
  free_count_ = free_count;
  // Carried along, so that it never falls so far behind that it seems to lie ahead.
  if (static_cast<int32_t>(reaped - ledgered_) > 0) ledgered_ = reaped;
  // Pairs with the kernel's load-acquire of the head before it writes over a CQE.
  script_.cq_head->store(settled_, std::memory_order_release);
}

// Gives the SQEs that have room in the queue their user_data ahead of time, as long as slots are free.
void RingCore::Arm() {
  const uint32_t room = sq_entries_ - (armed_ - kernel_.sq_head->load(std::memory_order_acquire));
  const uint32_t count = free_count_ < room ? free_count_ : room;
  const SlotTable slots = slots_;
  const uint32_t* const free_slots = free_slots_.data();
  uint64_t* const armed_user_data = armed_user_data_.data();
  uint8_t* const sqes = script_.sqes;
  const uint32_t mask = sq_entries_ - 1;
  const uint32_t shift = sqe_shift_;
  const uint32_t top = free_count_ - 1;
  const uint32_t first = armed_;
  for (uint32_t index = 0; index < count; index++) {
    const uint64_t user_data = slots.Arm(free_slots[top - index]);
    const uint32_t at = (first + index) & mask;
    armed_user_data[at] = user_data;
    reinterpret_cast<abi::Sqe*>(sqes + (static_cast<uint64_t>(at) << shift))->user_data = user_data;
  }
  free_count_ -= count;
  armed_ = first + count;
  armed_word_->store(armed_, std::memory_order_relaxed);
}

void RingCore::Refill() {
  if (fd_ < 0) return;
  SettleReaped();
  Arm();
}

// Marks the next `count` SQEs in flight and hands them to the kernel's side of the queue. All or nothing: an operation
// that does not carry its own user_data could outlive its memory, because we would not know its CQE.
int RingCore::Stage(uint32_t count) {
  if (count > armed_ - published_) return -EINVAL;
  uint8_t* const sqes = script_.sqes;
  const uint64_t* const armed_user_data = armed_user_data_.data();
  SlotMeta* const meta = meta_.data();
  const uint32_t mask = sq_entries_ - 1;
  const uint32_t shift = sqe_shift_;
  const uint32_t first = published_;
  for (uint32_t index = 0; index < count; index++) {
    const uint32_t at = (first + index) & mask;
    auto* sqe = reinterpret_cast<abi::Sqe*>(sqes + (static_cast<uint64_t>(at) << shift));
    const uint64_t user_data = armed_user_data[at];
    const OpcodeTraits& traits = kOpcodeTraits[sqe->opcode];
    const bool registered = UsesRegisteredBuffer(*sqe, traits);
    meta[static_cast<uint32_t>(user_data)] = SlotMeta{registered ? static_cast<uint32_t>(user_data >> 32) : ~0u, sqe->opcode,
                                                      traits.makes_descriptor && sqe->file_index == 0};
    // Reads and writes of bytes, which most SQEs are: one range to check here, or none where the kernel checks it.
    const bool bytes = traits.plain_data && sqe->pad2 == 0 && !(sqe->flags & abi::kSqeBufferSelect) &&
                       (registered || guard_.Covers(sqe->addr, sqe->len));
    const bool plain = sqe->user_data == user_data && !(sqe->flags & abi::kSqeCqeSkipSuccess) && (bytes || !traits.has_pointers);
    if (__builtin_expect(!plain, 0) && !StageWithCare(sqe, user_data)) return kEnterForged - static_cast<int>(index);
  }
  if (mapped_) {
    for (uint32_t index = 0; index < count; index++) {
      std::memcpy(SqeAt(kernel_.sqes, first + index), SqeAt(sqes, first + index), size_t{1} << shift);
    }
  }
  published_ += count;
  // Pairs with the kernel's load-acquire of the tail: the SQEs above are visible before it.
  kernel_.sq_tail->store(published_, std::memory_order_release);
  return 0;
}

// An SQE with pointers to follow, or with something out of the ordinary. False: it does not carry its own user_data.
bool RingCore::StageWithCare(abi::Sqe* sqe, uint64_t user_data) {
  if (sqe->user_data != user_data) {
    Refuse(sqe);
    sqe->user_data = user_data;
    return false;
  }
  if ((kOpcodeTraits[sqe->opcode].has_pointers && !guard_.Allows(*sqe)) || (sqe->flags & abi::kSqeCqeSkipSuccess)) {
    Refuse(sqe);
    slots_.Refuse(static_cast<uint32_t>(user_data));
  }
  return true;
}

// Takes an SQE's teeth out: it keeps its place in its chain, completes with an error, and touches no memory.
void RingCore::Refuse(abi::Sqe* sqe) const {
  const uint64_t user_data = sqe->user_data;
  const uint8_t links = sqe->flags & abi::kSqeLinkFlags;
  std::memset(sqe, 0, size_t{1} << sqe_shift_);
  sqe->opcode = abi::kOpRefused;
  sqe->flags = links;
  sqe->fd = -1;
  sqe->user_data = user_data;
}

uint32_t RingCore::Unsubmitted() const {
  return published_ - kernel_.sq_head->load(std::memory_order_acquire);
}

bool RingCore::MustWakePoller() const {
  // The tail store must be visible before the flag is read, or both sides could sleep.
  std::atomic_thread_fence(std::memory_order_seq_cst);
  return kernel_.sq_flags->load(std::memory_order_relaxed) & abi::kSqNeedWakeup;
}

// The enter flags for completions that the kernel holds until we ask: those kept back, which are counted, and task work.
// The kernel's own overflow counter only tells of CQEs that it lost.
uint32_t RingCore::WaitingInside() {
  const uint32_t flags = kernel_.sq_flags->load(std::memory_order_relaxed) & (abi::kSqCqOverflow | abi::kSqTaskrun);
  if (flags & abi::kSqCqOverflow) overflows_word_->fetch_add(1, std::memory_order_relaxed);
  return flags != 0 ? abi::kEnterGetevents : 0;
}

int RingCore::Submit(uint32_t flags, uint32_t to_submit, uint32_t min_complete, int64_t timeout_ms) {
  int fd = fd_;
  if (registered_index_ >= 0) {
    fd = registered_index_;
    flags |= abi::kEnterRegisteredRing;
  }
  if (min_complete == 0) return SysEnter(fd, to_submit, 0, flags, nullptr, 0);
  abi::Timespec timeout{timeout_ms / 1000, (timeout_ms % 1000) * 1000000};
  abi::GeteventsArg arg{};
  arg.ts = reinterpret_cast<uint64_t>(&timeout);
  return SysEnter(fd, to_submit, min_complete, flags | abi::kEnterExtArg, &arg, sizeof arg);
}

void RingCore::Cross() {
  if (fd_ < 0) return;  // the memory may be gone, too; the caller has put EBADF there as the answer
  auto* words = reinterpret_cast<uint32_t*>(memory_.base + memory_.control_offset);
  if (words[kWordEnterMinComplete] > 0) wait_began_ms_ = NowMs();
  words[kWordEnterResult] = static_cast<uint32_t>(
      Enter(words[kWordEnterCount], words[kWordEnterMinComplete], static_cast<int32_t>(words[kWordEnterTimeoutMs])));
}

void RingCore::ReadCached() {
  if (fd_ < 0) return;  // as in Cross
  uint8_t* const control = memory_.base + memory_.control_offset;
  auto* words = reinterpret_cast<int32_t*>(control);
  double address;
  double position;
  std::memcpy(&address, control + kWordReadAddress * 4, sizeof address);
  std::memcpy(&position, control + kWordReadPosition * 4, sizeof position);
  const int32_t length = words[kWordReadLength];
  int32_t& answer = words[kWordReadResult];
  // Negated comparisons: no double that is not a number passes.
  if (!(position >= 0 && position <= kWholeDoubleMax) || length < 0) {
    answer = -EINVAL;
    return;
  }
  if (!(address >= 0 && address <= kWholeDoubleMax) ||
      !guard_.Covers(static_cast<uint64_t>(address), static_cast<uint32_t>(length))) {
    answer = -EFAULT;
    return;
  }
  void* const bytes = reinterpret_cast<void*>(static_cast<uint64_t>(address));
  answer = SysReadNowait(words[kWordReadFd], bytes, static_cast<uint32_t>(length), static_cast<uint64_t>(position));
}

int RingCore::WaitedMs() const { return static_cast<int>(NowMs() - wait_began_ms_); }

int RingCore::Enter(uint32_t count, uint32_t min_complete, int32_t timeout_ms) {
  if (fd_ < 0) return -EBADF;
  SettleReaped();
  if (count > 0) {
    const int staged = Stage(count);
    if (staged < 0) return staged;
  }
  const int result = flags_ & abi::kSetupSqpoll ? EnterPolled(count, min_complete, timeout_ms)
                                                : EnterKernel(min_complete, timeout_ms);
  if (mapped_) Sync();
  Arm();
  return result;
}

// With SQPOLL the kernel's thread takes the SQEs: it may need waking, and completions may be waited for.
int RingCore::EnterPolled(uint32_t count, uint32_t min_complete, int32_t timeout_ms) {
  uint32_t flags = min_complete > 0 || (flags_ & abi::kSetupIopoll) ? abi::kEnterGetevents : 0;
  if (MustWakePoller()) flags |= abi::kEnterSqWakeup;
  flags |= WaitingInside();
  if (flags == 0) return static_cast<int>(count);
  const int result = Submit(flags, count, min_complete, timeout_ms);
  return result >= 0 || result == -ETIME || result == -EINTR ? static_cast<int>(count) : result;
}

int RingCore::EnterKernel(uint32_t min_complete, int32_t timeout_ms) {
  const bool polled = flags_ & abi::kSetupIopoll;
  // With IOPOLL the kernel busy-waits without a bound, so one look at a time; the caller loops within its own.
  if (polled) min_complete = 0;
  uint32_t flags = min_complete > 0 || polled || (flags_ & abi::kSetupDeferTaskrun) ? abi::kEnterGetevents : 0;
  flags |= WaitingInside();
  uint32_t submitted = 0;
  int interrupts = 0;
  for (uint32_t retries = 0;;) {
    const int result = Submit(flags, Unsubmitted(), min_complete, timeout_ms);
    if (result >= 0) {
      submitted += static_cast<uint32_t>(result);
      // Without SUBMIT_ALL the kernel stops behind a bad SQE and does not wait: go on with the rest.
      if (result > 0 && Unsubmitted() > 0) continue;
      return static_cast<int>(submitted);
    }
    switch (-result) {
      case ETIME:  // the bound passed
        return static_cast<int>(submitted);
      case EINTR:  // a signal: a wait ends early, and the caller knows its own bound; a submission goes on
        if (min_complete > 0) return static_cast<int>(submitted);
        if (interrupts++ < kInterruptsMax) continue;
        return submitted > 0 ? static_cast<int>(submitted) : result;
      case EAGAIN:  // no memory for requests just now
        if (retries++ < kEagainRetriesMax) {
          flags |= abi::kEnterGetevents;
          min_complete = 0;
          sched_yield();
          continue;
        }
        return submitted > 0 ? static_cast<int>(submitted) : result;
      default:  // EBUSY: the overflow list must be reaped first; the others are programming errors
        return submitted > 0 ? static_cast<int>(submitted) : result;
    }
  }
}

void RingCore::Sync() {
  if (!mapped_ || fd_ < 0) return;
  kernel_.cq_flags->store(script_.cq_flags->load(std::memory_order_relaxed), std::memory_order_relaxed);
  uint32_t head = kernel_.cq_head->load(std::memory_order_relaxed);
  const uint32_t ready = kernel_.cq_tail->load(std::memory_order_acquire);
  uint32_t tail = script_.cq_tail->load(std::memory_order_relaxed);
  while (head != ready && tail - settled_ < cq_entries_) {
    std::memcpy(CqeAt(script_.cqes, tail), CqeAt(kernel_.cqes, head), size_t{1} << cqe_shift_);
    head++;
    tail++;
  }
  kernel_.cq_head->store(head, std::memory_order_release);
  // Pairs with reap()'s Atomics.load of the tail: the CQEs above are visible before it.
  script_.cq_tail->store(tail, std::memory_order_release);
  script_.sq_head->store(kernel_.sq_head->load(std::memory_order_acquire), std::memory_order_release);
  script_.sq_flags->store(kernel_.sq_flags->load(std::memory_order_relaxed), std::memory_order_relaxed);
  script_.cq_overflow->store(kernel_.cq_overflow->load(std::memory_order_relaxed), std::memory_order_relaxed);
  script_.sq_dropped->store(kernel_.sq_dropped->load(std::memory_order_relaxed), std::memory_order_relaxed);
}

int RingCore::Register(uint32_t op, const void* arg, uint32_t count) const {
  if (fd_ < 0) return -EBADF;
  return SysRegister(fd_, op, arg, count);
}

}  // namespace ringpool
