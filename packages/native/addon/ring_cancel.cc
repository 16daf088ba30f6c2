// Asking operations to stop when their ring closes. An operation at the device goes on regardless; the drain waits for it.
//
// What is asked is asked again: an operation behind a link, or behind one that drains the queue, cannot be found before
// the ones in front of it have gone.

#include "clock.h"
#include "ring_core.h"
#include "syscalls.h"

namespace ringpool {
namespace {

constexpr uint64_t kCancelUserData = kForeignBit | 1;

// Operations that wait for an event which may never come. Cancelling them loses no data that reached the kernel.
bool WaitsForEvent(uint8_t opcode) {
  switch (opcode) {
    case abi::kOpPollAdd:
    case abi::kOpTimeout:
    case abi::kOpLinkTimeout:
    case abi::kOpAccept:
    case abi::kOpConnect:
    case abi::kOpRecv:
    case abi::kOpRecvmsg:
    case abi::kOpRecvZc:
    case abi::kOpReadMultishot:
    case abi::kOpWaitid:
    case abi::kOpFutexWait:
    case abi::kOpFutexWaitv:
    case abi::kOpEpollWait:
    case abi::kOpUringCmd:
      return true;
    default:
      return false;
  }
}

bool IsRead(uint8_t opcode) {
  return opcode == abi::kOpRead || opcode == abi::kOpReadv || opcode == abi::kOpReadFixed ||
         opcode == abi::kOpReadvFixed;
}

}  // namespace

// By a system call of its own (6.0): an SQE that cancels would wait its turn behind one with IOSQE_IO_DRAIN, for ever.
// False where the kernel has no such call, or the ring's restrictions forbid it.
bool RingCore::CancelByCall(uint64_t user_data) const {
  abi::SyncCancel arg{};  // a timeout of zero: ask, and do not wait
  arg.addr = user_data;
  arg.fd = -1;
  const int result = Register(abi::kRegisterSyncCancel, &arg, 1);
  return result >= 0 || result == -ENOENT || result == -EALREADY || result == -ETIME;
}

bool RingCore::FlushCancels() {
  kernel_.sq_tail->store(published_, std::memory_order_release);
  const uint32_t wake = (flags_ & abi::kSetupSqpoll) && MustWakePoller() ? abi::kEnterSqWakeup : 0;
  for (uint32_t tries = 0; tries < kEagainRetriesMax; tries++) {
    const int result = Submit(abi::kEnterGetevents | wake, Unsubmitted(), 0, 0);
    SettleReady();
    if (result >= 0 && Unsubmitted() == 0) return true;
  }
  return Unsubmitted() < sq_entries_;
}

// False when the kernel takes no more SQEs just now.
bool RingCore::CancelBySqe(uint64_t user_data) {
  if (Unsubmitted() >= sq_entries_ && !FlushCancels()) return false;
  armed_user_data_[published_ & (sq_entries_ - 1)] = kCancelUserData;
  abi::Sqe* sqe = SqeAt(kernel_.sqes, published_);
  *sqe = abi::Sqe{};
  sqe->opcode = abi::kOpAsyncCancel;
  sqe->fd = -1;
  sqe->addr = user_data;
  sqe->user_data = kCancelUserData;
  armed_ = ++published_;
  return true;
}

void RingCore::CancelUpTo(CancelPhase phase) {
  for (uint32_t slot = 0; slot < slots_.count(); slot++) {
    if (slots_.IsFree(slot)) continue;
    const uint8_t opcode = meta_[slot].opcode;
    const bool wanted = WaitsForEvent(opcode) || phase == CancelPhase::kAll ||
                        (phase == CancelPhase::kReads && IsRead(opcode));
    if (!wanted || CancelByCall(slots_.UserData(slot))) continue;
    if (!CancelBySqe(slots_.UserData(slot))) break;
  }
  if (Unsubmitted() > 0) FlushCancels();
}

// In the order in which it can do least harm: what waits for events at once, reads after a grace, and all in the end.
void RingCore::CancelByPhase(int64_t cancel_all_after_ms) {
  const int64_t now = NowMs();
  const int64_t elapsed = now - drain_started_ms_;
  CancelPhase phase = CancelPhase::kEvents;
  if (elapsed >= kDrainReadGraceMs) phase = CancelPhase::kReads;
  if (elapsed >= kDrainReadGraceMs && elapsed >= cancel_all_after_ms) phase = CancelPhase::kAll;
  if (phase == cancelled_ && now < cancel_again_ms_) return;
  cancelled_ = phase;
  cancel_again_ms_ = now + kCancelAgainMs;
  CancelUpTo(phase);
}

}  // namespace ringpool
