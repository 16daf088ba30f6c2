// The io_uring kernel ABI, written down by us so that the addon builds on any distribution's headers.
// Layouts and values are those of the running kernel (checked by tests against a probe); nothing here owns memory.
#pragma once

#include <cstddef>
#include <cstdint>

namespace ringpool::abi {

struct Sqe {
  uint8_t opcode;
  uint8_t flags;
  uint16_t ioprio;
  int32_t fd;
  uint64_t off;
  uint64_t addr;
  uint32_t len;
  uint32_t op_flags;
  uint64_t user_data;
  uint16_t buf_index;
  uint16_t personality;
  uint32_t file_index;
  uint64_t addr3;
  uint64_t pad2;
};
static_assert(sizeof(Sqe) == 64);

struct Cqe {
  uint64_t user_data;
  int32_t res;
  uint32_t flags;
};
static_assert(sizeof(Cqe) == 16);

struct SqOffsets {
  uint32_t head, tail, ring_mask, ring_entries, flags, dropped, array, resv1;
  uint64_t user_addr;
};

struct CqOffsets {
  uint32_t head, tail, ring_mask, ring_entries, overflow, cqes, flags, resv1;
  uint64_t user_addr;
};

struct Params {
  uint32_t sq_entries, cq_entries, flags, sq_thread_cpu, sq_thread_idle, features, wq_fd, resv[3];
  SqOffsets sq_off;
  CqOffsets cq_off;
};
static_assert(sizeof(Params) == 120);

struct Timespec {
  int64_t tv_sec;
  int64_t tv_nsec;
};

struct GeteventsArg {
  uint64_t sigmask;
  uint32_t sigmask_sz;
  uint32_t min_wait_usec;
  uint64_t ts;
};
static_assert(sizeof(GeteventsArg) == 24);

struct IoVec {
  uint64_t base;
  uint64_t len;
};

struct RsrcRegister {
  uint32_t nr;
  uint32_t flags;
  uint64_t resv2;
  uint64_t data;
  uint64_t tags;
};
static_assert(sizeof(RsrcRegister) == 32);

struct RsrcUpdate2 {
  uint32_t offset;
  uint32_t resv;
  uint64_t data;
  uint64_t tags;
  uint32_t nr;
  uint32_t resv2;
};
static_assert(sizeof(RsrcUpdate2) == 32);

struct RsrcUpdate {
  uint32_t offset;
  uint32_t resv;
  uint64_t data;
};

struct CloneBuffers {
  uint32_t src_fd, flags, src_off, dst_off, nr, pad[3];
};
static_assert(sizeof(CloneBuffers) == 32);

struct SyncCancel {
  uint64_t addr;
  int32_t fd;
  uint32_t flags;
  Timespec timeout;
  uint8_t opcode;
  uint8_t pad[7];
  uint64_t pad2[3];
};
static_assert(sizeof(SyncCancel) == 64);

constexpr uint32_t kSetupIopoll = 1u << 0;
constexpr uint32_t kSetupSqpoll = 1u << 1;
constexpr uint32_t kSetupCqsize = 1u << 3;
constexpr uint32_t kSetupRDisabled = 1u << 6;
constexpr uint32_t kSetupCoopTaskrun = 1u << 8;
constexpr uint32_t kSetupSqe128 = 1u << 10;
constexpr uint32_t kSetupCqe32 = 1u << 11;
constexpr uint32_t kSetupSingleIssuer = 1u << 12;
constexpr uint32_t kSetupDeferTaskrun = 1u << 13;
constexpr uint32_t kSetupNoMmap = 1u << 14;
constexpr uint32_t kSetupRegisteredFdOnly = 1u << 15;
constexpr uint32_t kSetupNoSqarray = 1u << 16;
constexpr uint32_t kSetupCqeMixed = 1u << 18;
constexpr uint32_t kSetupSqeMixed = 1u << 19;
constexpr uint32_t kSetupSqRewind = 1u << 20;

constexpr uint32_t kFeatSingleMmap = 1u << 0;
constexpr uint32_t kFeatExtArg = 1u << 8;

constexpr uint32_t kEnterGetevents = 1u << 0;
constexpr uint32_t kEnterSqWakeup = 1u << 1;
constexpr uint32_t kEnterExtArg = 1u << 3;
constexpr uint32_t kEnterRegisteredRing = 1u << 4;

constexpr uint32_t kSqNeedWakeup = 1u << 0;
constexpr uint32_t kSqCqOverflow = 1u << 1;
constexpr uint32_t kSqTaskrun = 1u << 2;

constexpr uint32_t kCqeFMore = 1u << 1;

constexpr uint8_t kSqeFixedFile = 1u << 0;
/** IO_DRAIN, IO_LINK, IO_HARDLINK: an SQE's place among its neighbours. */
constexpr uint8_t kSqeLinkFlags = 1u << 1 | 1u << 2 | 1u << 3;
constexpr uint8_t kSqeBufferSelect = 1u << 5;
constexpr uint8_t kSqeCqeSkipSuccess = 1u << 6;

constexpr uint64_t kOffSqRing = 0;
constexpr uint64_t kOffCqRing = 0x8000000;
constexpr uint64_t kOffSqes = 0x10000000;

constexpr uint32_t kRegisterBuffers = 0;
constexpr uint32_t kUnregisterBuffers = 1;
constexpr uint32_t kUnregisterFiles = 3;
constexpr uint32_t kRegisterBuffers2 = 15;
constexpr uint32_t kRegisterBuffersUpdate = 16;
constexpr uint32_t kRegisterRingFds = 20;
constexpr uint32_t kUnregisterRingFds = 21;
constexpr uint32_t kRegisterSyncCancel = 24;
constexpr uint32_t kRegisterCloneBuffers = 30;
constexpr uint32_t kRsrcRegisterSparse = 1u << 0;
constexpr uint32_t kAnyRegisteredRing = ~0u;
constexpr uint32_t kCloneDstReplace = 1u << 1;

// Opcodes the addon itself submits or tells apart. The full table lives in @ringpool/core.
constexpr uint8_t kOpReadv = 1;
constexpr uint8_t kOpReadFixed = 4;
constexpr uint8_t kOpPollAdd = 6;
constexpr uint8_t kOpSendmsg = 9;
constexpr uint8_t kOpRecvmsg = 10;
constexpr uint8_t kOpTimeout = 11;
constexpr uint8_t kOpAccept = 13;
constexpr uint8_t kOpAsyncCancel = 14;
constexpr uint8_t kOpLinkTimeout = 15;
constexpr uint8_t kOpConnect = 16;
constexpr uint8_t kOpRead = 22;
constexpr uint8_t kOpSend = 26;
constexpr uint8_t kOpRecv = 27;
constexpr uint8_t kOpUringCmd = 46;
constexpr uint8_t kOpSendZc = 47;
constexpr uint8_t kOpSendmsgZc = 48;
constexpr uint8_t kOpReadMultishot = 49;
constexpr uint8_t kOpWaitid = 50;
constexpr uint8_t kOpFutexWait = 51;
constexpr uint8_t kOpFutexWaitv = 53;
constexpr uint8_t kOpRecvZc = 58;
constexpr uint8_t kOpEpollWait = 59;
constexpr uint8_t kOpReadvFixed = 60;
constexpr uint8_t kOpWritevFixed = 61;
constexpr uint8_t kOpWriteFixed = 5;

/** Opcodes whose result is a new descriptor: ACCEPT, OPENAT, OPENAT2, SOCKET, FIXED_FD_INSTALL. */
constexpr uint8_t kOpsMakingDescriptors[] = {13, 18, 28, 45, 54};

/** RWF_NOWAIT of preadv2(2): EAGAIN instead of a wait. */
constexpr int kReadNowait = 8;

/** An opcode no kernel knows: an SQE given this value completes with EINVAL and touches no memory. */
constexpr uint8_t kOpRefused = 0xff;

}  // namespace ringpool::abi
