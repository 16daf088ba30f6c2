// The three io_uring system calls, and the read that never waits. Each returns the kernel's answer: a count, a descriptor, or a negative errno.
#pragma once

#include <cerrno>
#include <sys/syscall.h>
#include <unistd.h>

#include "abi.h"

#ifndef __NR_io_uring_setup
#define __NR_io_uring_setup 425
#define __NR_io_uring_enter 426
#define __NR_io_uring_register 427
#endif

namespace ringpool {

/** How often a call that a signal interrupted is made again before the caller hears of it: a thread never hangs in one. */
constexpr int kInterruptsMax = 64;

inline int SysSetup(uint32_t entries, abi::Params* params) {
  const long result = syscall(__NR_io_uring_setup, entries, params);
  return result < 0 ? -errno : static_cast<int>(result);
}

inline int SysEnter(int fd, uint32_t to_submit, uint32_t min_complete, uint32_t flags, const void* arg, size_t arg_size) {
  const long result = syscall(__NR_io_uring_enter, fd, to_submit, min_complete, flags, arg, arg_size);
  return result < 0 ? -errno : static_cast<int>(result);
}

/** Made again when a signal interrupts it. */
inline int SysRegister(int fd, uint32_t op, const void* arg, uint32_t count) {
  for (int interrupts = 0;; interrupts++) {
    const long result = syscall(__NR_io_uring_register, fd, op, arg, count);
    if (result >= 0) return static_cast<int>(result);
    if (errno != EINTR || interrupts == kInterruptsMax) return -errno;
  }
}

/** preadv2(2) of one range, that answers -EAGAIN where it would have to wait. */
inline int SysReadNowait(int fd, void* bytes, size_t length, uint64_t position) {
  const abi::IoVec vector{reinterpret_cast<uint64_t>(bytes), length};
  // The position in two halves: a 64-bit kernel takes all of it from the first.
  const long result = syscall(__NR_preadv2, fd, &vector, 1, position, 0, abi::kReadNowait);
  return result < 0 ? -errno : static_cast<int>(result);
}

}  // namespace ringpool
