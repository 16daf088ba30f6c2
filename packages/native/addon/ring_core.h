// One io_uring: its descriptor, its queues, its slot table. No JavaScript in here.
//
// All calls come from the thread that opened the ring (SINGLE_ISSUER makes the kernel insist). The memory given to
// Open (queues, slot table) belongs to the caller and must stay mapped until Close has returned kDrained.
#pragma once

#include <atomic>
#include <cstdint>
#include <vector>

#include "abi.h"
#include "guard.h"
#include "slots.h"

namespace ringpool {

/** Where the parts of a ring lie inside the memory that JavaScript allocated; all offsets are page aligned. */
struct RingMemory {
  uint8_t* base;
  uint64_t bytes;
  uint64_t rings_offset;    // queue headers and CQEs
  uint64_t sqes_offset;     // SQEs
  uint64_t control_offset;  // the words of ControlWord, then the slot table; the kernel never sees this part
};

struct RingConfig {
  RingMemory memory;
  uint32_t entries;
  uint32_t cq_entries;
  uint32_t flags;
  uint32_t sq_thread_idle_ms;
  int32_t sq_thread_cpu;  // -1: any
  int32_t attach_wq_fd;   // -1: none
  bool mapped;            // the kernel's queues are mapped natively, and copied to and from `memory` inside Enter
};

/** Indices of the 32-bit words at control_offset. JavaScript reads them once, after Open. */
enum ControlWord : uint32_t {
  kWordSqHead,  // byte offsets into the ring memory, from its start
  kWordSqTail,
  kWordSqFlags,
  kWordSqDropped,
  kWordCqHead,
  kWordCqTail,
  kWordCqFlags,
  kWordCqOverflow,
  kWordCqes,
  kWordSqes,
  kWordSqEntries,
  kWordCqEntries,
  kWordFeatures,
  kWordFlags,
  kWordFd,
  kWordReaped,  // JavaScript writes: the CQ index up to which it has reaped
  kWordArmed,   // the addon writes: the SQ index up to which SQEs carry a user_data and may be pushed
  kWordOverflows,  // the addon writes: how often an enter found CQEs kept back because the queue was full
  kWordEnterCount,  // JavaScript writes these three, the arguments of Enter; the addon writes its answer
  kWordEnterMinComplete,
  kWordEnterTimeoutMs,
  kWordEnterResult,
  kWordSeen,  // JavaScript writes: the CQ index up to which a reap has begun to hand CQEs over
  kWordReadFd = 24,  // JavaScript writes the arguments of ReadCached, the last two as doubles; the addon writes its answer
  kWordReadLength = 25,
  kWordReadResult = 26,
  kWordReadAddress = 28,
  kWordReadPosition = 30,
  kControlWords = 64,
};

/**
 * Answer of Enter: queued SQE `kEnterForged - code` carried a user_data other than the one it was armed with. Nothing
 * was submitted; that SQE got its user_data back and an opcode no kernel knows, so that the next Enter takes the batch.
 */
constexpr int32_t kEnterForged = -10000;

/** How many times an EAGAIN from the kernel (out of request memory) is retried before the caller hears of it. */
constexpr uint32_t kEagainRetriesMax = 64;
/** The longest single sleep inside the kernel while draining. */
constexpr int64_t kDrainSliceMs = 20;
/** After draining this long, reads are cancelled too: a read may wait for a pipe that never speaks. */
constexpr int64_t kDrainReadGraceMs = 250;
/** How often a drain asks the operations left over to stop. */
constexpr int64_t kCancelAgainMs = 50;

class RingCore {
 public:
  RingCore() = default;
  RingCore(const RingCore&) = delete;
  RingCore& operator=(const RingCore&) = delete;
  ~RingCore();

  /** One attempt at one set of flags: 0 or a negative errno. */
  int Open(const RingConfig& config);

  /**
   * Publishes the next `count` SQEs, submits, and waits for `min_complete` CQEs or `timeout_ms`; a signal ends the
   * wait early. Returns how many SQEs the kernel took, a negative errno, or a code below kEnterForged.
   */
  int Enter(uint32_t count, uint32_t min_complete, int32_t timeout_ms);

  /** Enter with its arguments and its answer in control words: a call without a value to unpack. */
  void Cross();

  /**
   * Reads what the kernel has cached, into attached memory, with one system call that never waits (RWF_NOWAIT). Its
   * arguments and its answer, bytes or a negative errno, are control words.
   */
  void ReadCached();

  /** Mapped mode: brings CQEs over and carries the CQ flags down, without entering the kernel. */
  void Sync();

  /** Frees the slots of the CQEs that JavaScript has reaped, and arms as many SQEs as there are free slots and room. */
  void Refill();

  int Register(uint32_t op, const void* arg, uint32_t count) const;

  /** Waits, without consuming CQEs, until no operation on a registered buffer is owed its CQE. Returns those left. */
  uint32_t DrainRegisteredBuffers(int64_t timeout_ms);

  /**
   * Cancels what waits on events, drains to the last CQE, closes. Returns the operations still owed (0: closed).
   * May be called again to wait on: `cancel_all_after_ms` counts from the first call, and past it every operation is
   * asked to stop, not only those that wait for events.
   */
  uint32_t Close(int64_t timeout_ms, int64_t cancel_all_after_ms);

  /**
   * From now on descriptors that operations make belong to the ledger once they are in it, and to the ring until then:
   * Close closes those that JavaScript never put there. Without this, a CQE that a reap has begun to hand over is the
   * user's.
   */
  void UseLedger() { ledger_ = true; }

  /** JavaScript has put a descriptor into the ledger: it and what was handed over before it are not ours to close. */
  void MarkLedgered(int fd);

  /** True when everything still owed is a zero-copy send: the kernel reads its pages, which are pinned, and no more. */
  bool OnlyReadByKernel() const;

  /** True when the kernel did not let the thread in when it was last waited for completions: it never will again. */
  bool barred() const { return barred_; }

  /** Closes without waiting any longer. Only for operations that OnlyReadByKernel() admits. */
  uint32_t Abandon();

  /** Milliseconds since the last crossing that was to wait began. */
  int WaitedMs() const;

  bool is_open() const { return fd_ >= 0; }
  int fd() const { return fd_; }
  uint32_t flags() const { return flags_; }
  /** Operations submitted whose terminal CQE has not been settled. */
  uint32_t owed() const { return slots_.Taken() - (armed_ - published_); }
  Guard& guard() { return guard_; }

 private:
  enum class CancelPhase : uint8_t { kNone, kEvents, kReads, kAll };
  struct SlotMeta {
    uint32_t fixed_generation;  // the generation in which the slot last used a registered buffer
    uint8_t opcode;
    bool makes_descriptor;
  };

  void BindShared(const abi::Params& params);
  int BindMapped(const abi::Params& params);
  void PublishControlWords(const abi::Params& params);
  int Stage(uint32_t count);
  bool StageWithCare(abi::Sqe* sqe, uint64_t user_data);
  void Refuse(abi::Sqe* sqe) const;
  void SettleReaped();
  void Arm();
  uint32_t Unsubmitted() const;
  int Submit(uint32_t flags, uint32_t to_submit, uint32_t min_complete, int64_t timeout_ms);
  int EnterKernel(uint32_t min_complete, int32_t timeout_ms);
  int EnterPolled(uint32_t count, uint32_t min_complete, int32_t timeout_ms);
  bool MustWakePoller() const;
  uint32_t WaitingInside();
  void WithdrawUnsubmitted();
  void Wait(uint32_t min_complete, int64_t timeout_ms);
  void SettleReady();
  uint32_t LedgeredTail() const;
  void CloseUnclaimed(const abi::Cqe& cqe) const;
  void Release();
  void CancelByPhase(int64_t cancel_all_after_ms);
  void CancelUpTo(CancelPhase phase);
  bool CancelByCall(uint64_t user_data) const;
  bool CancelBySqe(uint64_t user_data);
  bool FlushCancels();
  uint32_t OwedRegistered() const;
  void ReleaseMappings();
  void RegisterDescriptor();
  void UnregisterDescriptor();

  abi::Sqe* SqeAt(uint8_t* base, uint32_t index) const {
    return reinterpret_cast<abi::Sqe*>(base + (static_cast<uint64_t>(index & (sq_entries_ - 1)) << sqe_shift_));
  }
  abi::Cqe* CqeAt(uint8_t* base, uint32_t index) const {
    return reinterpret_cast<abi::Cqe*>(base + (static_cast<uint64_t>(index & (cq_entries_ - 1)) << cqe_shift_));
  }

  using Word = std::atomic<uint32_t>;
  struct Queues {
    Word *sq_head, *sq_tail, *sq_flags, *sq_dropped, *cq_head, *cq_tail, *cq_flags, *cq_overflow;
    uint8_t* sqes;
    uint8_t* cqes;
  };

  int fd_ = -1;
  int64_t wait_began_ms_ = 0;
  uint32_t flags_ = 0;
  uint32_t features_ = 0;
  uint32_t sq_entries_ = 0;
  uint32_t cq_entries_ = 0;
  uint32_t sqe_shift_ = 6;
  uint32_t cqe_shift_ = 4;
  bool mapped_ = false;
  RingMemory memory_{};
  Queues kernel_{};  // what the kernel reads and writes
  Queues script_{};  // what JavaScript reads and writes: the same in shared mode
  // SQ indices: SQEs before published_ are the kernel's, those from there to armed_ may be pushed.
  uint32_t published_ = 0;
  uint32_t armed_ = 0;
  // CQ index: the slots of CQEs before it are free again.
  uint32_t settled_ = 0;
  std::vector<uint64_t> armed_user_data_;  // by SQ position: what the SQE there must carry
  std::vector<uint32_t> free_slots_;       // a stack of free_count_
  uint32_t free_count_ = 0;
  Word* reaped_word_ = nullptr;
  Word* seen_word_ = nullptr;
  Word* armed_word_ = nullptr;
  Word* overflows_word_ = nullptr;
  int registered_index_ = -1;  // in the thread's table of registered rings: spares a descriptor look-up at each enter
  CancelPhase cancelled_ = CancelPhase::kNone;
  int64_t cancel_again_ms_ = 0;
  int64_t drain_started_ms_ = 0;
  bool barred_ = false;
  bool ledger_ = false;
  uint32_t ledgered_ = 0;    // CQ index: the descriptors of the CQEs before it are the ledger's or the user's
  uint32_t theirs_tail_ = 0;  // CQ index, once the ring closes: the descriptors of the CQEs before it are not ours
  SlotTable slots_;
  std::vector<SlotMeta> meta_;
  Guard guard_;

  struct Mapping {
    void* address;
    size_t bytes;
  };
  std::vector<Mapping> mappings_;
};

}  // namespace ringpool
