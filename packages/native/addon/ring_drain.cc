// Draining: nothing that the kernel may still write is given back before its CQE.
//
// Closing a ring does not stop disk I/O into its buffers, and cancelling does not either; waiting for the terminal CQE
// of every slot does. These functions run on the ring's own thread, from close() and from the environment's clean-up.

#include <unistd.h>

#include <algorithm>
#include <cerrno>

#include "clock.h"
#include "descriptors.h"
#include "ring_core.h"
#include "syscalls.h"

namespace ringpool {
// SQEs that never reached the kernel are simply not submitted: the tail goes back to the kernel's head.
void RingCore::WithdrawUnsubmitted() {
  // With SQPOLL the kernel's thread may be reading what was published: it completes like the others. On a ring that was
  // never enabled it reads nothing.
  const bool disabled = (flags_ & abi::kSetupRDisabled) && Submit(0, 0, 0, 0) == -EBADFD;
  const bool polled = (flags_ & abi::kSetupSqpoll) && !disabled;
  const uint32_t head = polled ? published_ : kernel_.sq_head->load(std::memory_order_acquire);
  for (; armed_ != head; armed_--) {
    const uint64_t user_data = armed_user_data_[(armed_ - 1) & (sq_entries_ - 1)];
    if (slots_.IsTaken(user_data)) slots_.Settle(user_data);
  }
  armed_word_->store(armed_, std::memory_order_relaxed);
  if (published_ == head) return;
  published_ = head;
  kernel_.sq_tail->store(head, std::memory_order_release);
}

// The later of two marks. JavaScript stores `reaped` only after a reap's callbacks have returned, and the thread may end
// in any of them: what it had put into the ledger until then is counted by ledgered_.
uint32_t RingCore::LedgeredTail() const {
  const uint32_t reaped = reaped_word_->load(std::memory_order_relaxed);
  return static_cast<int32_t>(reaped - ledgered_) > 0 ? reaped : ledgered_;
}

// CQEs are handed over in their order, so the look goes on where the last one ended.
void RingCore::MarkLedgered(int fd) {
  if (!ledger_ || fd_ < 0) return;
  const uint32_t tail = script_.cq_tail->load(std::memory_order_relaxed);
  const uint32_t seen = seen_word_->load(std::memory_order_relaxed);
  // JavaScript cannot have seen what is not there: without this a wrong word could keep us looking for ever.
  const uint32_t end = seen - settled_ > tail - settled_ ? tail : seen;
  for (uint32_t index = LedgeredTail(); static_cast<int32_t>(end - index) > 0; index++) {
    const abi::Cqe* cqe = CqeAt(script_.cqes, index);
    const uint64_t user_data = cqe->user_data;
    if (cqe->res != fd || !slots_.IsTaken(user_data) || !meta_[static_cast<uint32_t>(user_data)].makes_descriptor) continue;
    ledgered_ = index + 1;
    return;
  }
}

// A descriptor that an operation opened for nobody: whoever was to be told of it is gone.
void RingCore::CloseUnclaimed(const abi::Cqe& cqe) const {
  if (cqe.res < 0 || !meta_[static_cast<uint32_t>(cqe.user_data)].makes_descriptor) return;
  // Another thread may have put it there, for a callback that waits.
  if (ledger_ && DescriptorLedger::Holds(cqe.res)) return;
  close(cqe.res);
}

// Consumes every CQE that is ready, reaped or not, on both sides of a mapped ring, and frees the slots whose last CQE it
// was. Only close() does this: nobody will reap any more.
void RingCore::SettleReady() {
  const auto settle = [this](Queues& side, uint32_t head, uint32_t ours) {
    const uint32_t tail = side.cq_tail->load(std::memory_order_acquire);
    for (; head != tail; head++) {
      const abi::Cqe* cqe = CqeAt(side.cqes, head);
      if (!slots_.IsTaken(cqe->user_data)) continue;
      if (static_cast<int32_t>(head - ours) >= 0) CloseUnclaimed(*cqe);
      if (!(cqe->flags & abi::kCqeFMore)) slots_.Settle(cqe->user_data);
    }
    side.cq_head->store(head, std::memory_order_release);
    return head;
  };
  settled_ = settle(script_, settled_, theirs_tail_);
  if (!mapped_) return;
  const uint32_t head = kernel_.cq_head->load(std::memory_order_relaxed);
  settle(kernel_, head, head);
}

uint32_t RingCore::Close(int64_t timeout_ms, int64_t cancel_all_after_ms) {
  if (fd_ < 0) return 0;
  if (drain_started_ms_ == 0) {
    drain_started_ms_ = NowMs();
    theirs_tail_ = ledger_ ? LedgeredTail() : seen_word_->load(std::memory_order_relaxed);
  }
  const int64_t deadline = NowMs() + timeout_ms;
  WithdrawUnsubmitted();
  SettleReady();
#ifndef RINGPOOL_WITHOUT_DRAIN  // without it: the negative control of the drain proof, which shows that the test can fail
  while (owed() > 0) {
    CancelByPhase(cancel_all_after_ms);
    // Without waiting first: with DEFER_TASKRUN, what has completed is in no queue before somebody looks.
    Submit(abi::kEnterGetevents, 0, 0, 0);
    SettleReady();
    const uint32_t left_over = owed();
    if (left_over == 0) break;
    const int64_t left = deadline - NowMs();
    if (left <= 0) return left_over;
    const bool polled = flags_ & abi::kSetupIopoll;
    Wait(polled ? 0 : 1, std::min(kDrainSliceMs, left));
    SettleReady();
  }
#endif
  Release();
  return 0;
}

// Where the kernel does not let this thread in any more, what is in flight may end by itself, but nobody hears of it.
void RingCore::Wait(uint32_t min_complete, int64_t timeout_ms) {
  const int64_t started = NowMs();
  const int res = Submit(abi::kEnterGetevents, 0, min_complete, timeout_ms);
  barred_ = res == -EPERM || res == -ENOSYS || res == -EACCES;
  if (barred_) SleepMs(std::max<int64_t>(0, timeout_ms - (NowMs() - started)));
}

bool RingCore::OnlyReadByKernel() const {
  for (uint32_t slot = 0; slot < slots_.count(); slot++) {
    const uint8_t opcode = meta_[slot].opcode;
    if (!slots_.IsFree(slot) && opcode != abi::kOpSendZc && opcode != abi::kOpSendmsgZc) return false;
  }
  return true;
}

uint32_t RingCore::Abandon() {
  Release();
  return 0;
}

void RingCore::Release() {
  // Closing alone gives the memlock back late; unregistering gives it back now. ENXIO: nothing was registered.
  Register(abi::kUnregisterBuffers, nullptr, 0);
  Register(abi::kUnregisterFiles, nullptr, 0);
  UnregisterDescriptor();
  ReleaseMappings();
  close(fd_);
  fd_ = -1;
}

uint32_t RingCore::OwedRegistered() const {
  std::vector<bool> posted(slots_.count(), false);
  const auto look = [&](const Queues& side, uint32_t head) {
    const uint32_t tail = side.cq_tail->load(std::memory_order_acquire);
    for (; head != tail; head++) {
      const abi::Cqe* cqe = CqeAt(side.cqes, head);
      if (!(cqe->flags & abi::kCqeFMore) && slots_.IsTaken(cqe->user_data)) {
        posted[static_cast<uint32_t>(cqe->user_data)] = true;
      }
    }
  };
  look(script_, settled_);
  if (mapped_) look(kernel_, kernel_.cq_head->load(std::memory_order_relaxed));
  uint32_t owed = 0;
  for (uint32_t slot = 0; slot < slots_.count(); slot++) {
    const bool in_flight = !slots_.IsFree(slot) && meta_[slot].fixed_generation == slots_.Generation(slot);
    owed += in_flight && !posted[slot];
  }
  return owed;
}

uint32_t RingCore::DrainRegisteredBuffers(int64_t timeout_ms) {
  const int64_t deadline = NowMs() + timeout_ms;
  uint32_t owed = OwedRegistered();
  while (owed > 0 && NowMs() < deadline) {
    // CQEs stay in the queue for the caller to reap, so waiting means waiting for one more than are there.
    const uint32_t ready = kernel_.cq_tail->load(std::memory_order_acquire) - kernel_.cq_head->load(std::memory_order_relaxed);
    const bool polled = flags_ & abi::kSetupIopoll;
    const int64_t left = std::max<int64_t>(1, deadline - NowMs());
    const uint32_t to_submit = flags_ & abi::kSetupSqpoll ? 0 : Unsubmitted();
    Submit(abi::kEnterGetevents, to_submit, polled ? 0 : ready + 1, std::min(kDrainSliceMs, left));
    owed = OwedRegistered();
  }
  if (mapped_) Sync();
  return owed;
}

}  // namespace ringpool
