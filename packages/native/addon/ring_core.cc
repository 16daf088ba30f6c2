// Submitting and waiting: the one crossing into the kernel that every operation of a ring shares.

#include "ring_core.h"

#include <sched.h>
#include <time.h>
#include <unistd.h>

#include <cstring>

#include "clock.h"
#include "syscalls.h"

namespace ringpool {

RingCore::~RingCore() {
  // Only reached once Close has drained: the memory of an undrained ring is never given up.
  ReleaseMappings();
}

// Marks the next `count` SQEs in flight and hands them to the kernel's side of the queue. All or nothing: a forged
// user_data leaves every slot as it was, because an operation we cannot track could outlive its memory.
int RingCore::Stage(uint32_t count) {
  for (uint32_t index = 0; index < count; index++) {
    abi::Sqe* sqe = SqeAt(script_.sqes, published_ + index);
    const uint64_t user_data = sqe->user_data;
    if (!slots_.IsFresh(user_data)) {
      for (uint32_t undo = 0; undo < index; undo++) {
        const uint64_t staged = SqeAt(script_.sqes, published_ + undo)->user_data;
        slots_.Store(static_cast<uint32_t>(staged), static_cast<uint32_t>(staged >> 32), kSlotFree);
      }
      return kEnterForged - static_cast<int>(index);
    }
    const uint32_t slot = static_cast<uint32_t>(user_data);
    const uint32_t generation = static_cast<uint32_t>(user_data >> 32);
    meta_[slot] = SlotMeta{UsesRegisteredBuffer(*sqe) ? generation : ~0u, sqe->opcode};
    uint32_t state = kSlotInFlight;
    if (!guard_.Allows(*sqe) || (sqe->flags & abi::kSqeCqeSkipSuccess)) {
      state = kSlotRefused;
      sqe->opcode = abi::kOpRefused;
      sqe->flags &= static_cast<uint8_t>(~abi::kSqeCqeSkipSuccess);
    }
    slots_.Store(slot, generation, state);
    if (mapped_) std::memcpy(SqeAt(kernel_.sqes, published_ + index), sqe, size_t{1} << sqe_shift_);
  }
  published_ += count;
  // Pairs with the kernel's load-acquire of the tail: the SQEs above are visible before it.
  kernel_.sq_tail->store(published_, std::memory_order_release);
  return 0;
}

uint32_t RingCore::Unsubmitted() const {
  return published_ - kernel_.sq_head->load(std::memory_order_acquire);
}

bool RingCore::MustWakePoller() const {
  // The tail store must be visible before the flag is read, or both sides could sleep.
  std::atomic_thread_fence(std::memory_order_seq_cst);
  return kernel_.sq_flags->load(std::memory_order_relaxed) & abi::kSqNeedWakeup;
}

int RingCore::Submit(uint32_t flags, uint32_t to_submit, uint32_t min_complete, int64_t timeout_ms) {
  abi::Timespec timeout{timeout_ms / 1000, (timeout_ms % 1000) * 1000000};
  abi::GeteventsArg arg{};
  if (min_complete > 0) arg.ts = reinterpret_cast<uint64_t>(&timeout);
  return SysEnter(fd_, to_submit, min_complete, flags | abi::kEnterExtArg, &arg, sizeof arg);
}

int RingCore::Enter(uint32_t count, uint32_t min_complete, int32_t timeout_ms) {
  if (fd_ < 0) return -EBADF;
  if (count > 0) {
    const int staged = Stage(count);
    if (staged < 0) return staged;
  }
  const bool polled = flags_ & abi::kSetupIopoll;
  const bool sqpoll = flags_ & abi::kSetupSqpoll;
  // With IOPOLL the kernel busy-waits without a bound, so one look at a time; the caller loops.
  if (polled && min_complete > 1) min_complete = 1;
  uint32_t flags = min_complete > 0 || polled || (flags_ & abi::kSetupDeferTaskrun) ? abi::kEnterGetevents : 0;
  if (kernel_.sq_flags->load(std::memory_order_relaxed) & (abi::kSqCqOverflow | abi::kSqTaskrun)) {
    flags |= abi::kEnterGetevents;
  }
  const int64_t deadline = NowMs() + timeout_ms;
  uint32_t submitted = 0;
  uint32_t retries = 0;
  int error = 0;
  for (;;) {
    uint32_t to_submit = sqpoll ? count : Unsubmitted();
    if (sqpoll && MustWakePoller()) flags |= abi::kEnterSqWakeup;
    if (sqpoll && flags == 0) {
      submitted = count;
      break;
    }
    const int64_t left = min_complete > 0 ? deadline - NowMs() : 0;
    const int result = Submit(flags, to_submit, polled && left <= 0 ? 0 : min_complete, left > 0 ? left : 0);
    if (result >= 0) {
      submitted += static_cast<uint32_t>(result);
      // Without SUBMIT_ALL the kernel stops behind a bad SQE and does not wait: go on with the rest.
      if (!sqpoll && result > 0 && Unsubmitted() > 0) continue;
      break;
    }
    if (result == -ETIME) break;  // the bound passed
    if (result == -EINTR) {       // a signal: wait for what is left of the bound
      if (min_complete > 0 && NowMs() >= deadline) break;
      continue;
    }
    if (result == -EAGAIN && retries++ < kEagainRetriesMax) {  // no memory for requests just now
      flags |= abi::kEnterGetevents;
      min_complete = 0;
      sched_yield();
      continue;
    }
    error = result;  // EBUSY: the overflow list must be reaped first; the others are programming errors
    break;
  }
  if (mapped_) Sync();
  return submitted > 0 || error == 0 ? static_cast<int>(submitted) : error;
}

void RingCore::Sync() {
  if (!mapped_ || fd_ < 0) return;
  kernel_.cq_flags->store(script_.cq_flags->load(std::memory_order_relaxed), std::memory_order_relaxed);
  uint32_t head = kernel_.cq_head->load(std::memory_order_relaxed);
  const uint32_t ready = kernel_.cq_tail->load(std::memory_order_acquire);
  uint32_t tail = script_.cq_tail->load(std::memory_order_relaxed);
  const uint32_t reaped = script_.cq_head->load(std::memory_order_acquire);
  while (head != ready && tail - reaped < cq_entries_) {
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
  int result;
  do {
    result = SysRegister(fd_, op, arg, count);
  } while (result == -EINTR);
  return result;
}

}  // namespace ringpool
