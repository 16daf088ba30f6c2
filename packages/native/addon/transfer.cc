#include "transfer.h"

#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <cstdint>

#include "arguments.h"
#include "clock.h"
#include "syscalls.h"

namespace ringpool {
namespace {

template <typename Call>
int64_t UntilUninterrupted(Call call) {
  for (int interrupts = 0;; interrupts++) {
    const int64_t result = call();
    if (result >= 0) return result;
    if (errno != EINTR || interrupts == kInterruptsMax) return -errno;
  }
}

/** Where the bytes go, or come from. Read again at each call, because a view's memory may move or go between calls. */
struct Transfer {
  int fd;
  uint8_t* bytes;
  size_t length;
  off_t position;  // below 0: the descriptor's own

  // 0, -EBADF, -EINVAL, or -ERANGE for bytes that do not all lie inside the view.
  int Read(const Arguments<5>& arguments) {
    double offset;
    double count;
    double at;
    ViewArgument view;
    if (!arguments.Descriptor(0, &fd)) return -EBADF;
    if (!view.ReadBytes(arguments.env, arguments.values[1])) return -EINVAL;
    if (!arguments.Integer(2, 0, kSafeIntegerMax, &offset) || !arguments.Integer(3, 0, kSafeIntegerMax, &count)) {
      return -ERANGE;
    }
    if (!arguments.Integer(4, kCurrentPosition, kSafeIntegerMax, &at)) return -EINVAL;
    const auto start = static_cast<size_t>(offset);
    length = static_cast<size_t>(count);
    if (start > view.length || length > view.length - start) return -ERANGE;
    bytes = view.data + start;
    position = static_cast<off_t>(at);
    return 0;
  }
};

// readSync(fd, view, offset, length, position) -> bytes read, 0 at the end, or a negative errno
napi_value ReadSync(napi_env env, napi_callback_info info) {
  const Arguments<5> arguments(env, info);
  Transfer transfer;
  const int refused = transfer.Read(arguments);
  if (refused < 0) return arguments.Answer(refused);
  return arguments.Answer(UntilUninterrupted([&] {
    return transfer.position < 0 ? read(transfer.fd, transfer.bytes, transfer.length)
                                 : pread(transfer.fd, transfer.bytes, transfer.length, transfer.position);
  }));
}

// readCachedSync(fd, view, offset, length, position) -> as readSync, or -EAGAIN where it would have to wait
napi_value ReadCachedSync(napi_env env, napi_callback_info info) {
  const Arguments<5> arguments(env, info);
  Transfer transfer;
  const int refused = transfer.Read(arguments);
  if (refused < 0) return arguments.Answer(refused);
  if (transfer.position < 0) return arguments.Answer(-EINVAL);
  return arguments.Answer(
      SysReadNowait(transfer.fd, transfer.bytes, transfer.length, static_cast<uint64_t>(transfer.position)));
}

// writeSync(fd, view, offset, length, position) -> bytes written, or a negative errno
napi_value WriteSync(napi_env env, napi_callback_info info) {
  const Arguments<5> arguments(env, info);
  Transfer transfer;
  const int refused = transfer.Read(arguments);
  if (refused < 0) return arguments.Answer(refused);
  return arguments.Answer(UntilUninterrupted([&] {
    return transfer.position < 0 ? write(transfer.fd, transfer.bytes, transfer.length)
                                 : pwrite(transfer.fd, transfer.bytes, transfer.length, transfer.position);
  }));
}

// syncSync(fd, dataOnly) -> 0 or a negative errno. An error is not tried again: the kernel may have dropped the pages.
napi_value SyncSync(napi_env env, napi_callback_info info) {
  const Arguments<2> arguments(env, info);
  int fd;
  bool data_only;
  if (!arguments.Descriptor(0, &fd)) return arguments.Answer(-EBADF);
  if (!arguments.Boolean(1, &data_only)) return arguments.Answer(-EINVAL);
  return arguments.Answer(UntilUninterrupted([&] { return data_only ? fdatasync(fd) : fsync(fd); }));
}

int64_t MeasureSystemCall() {
  int64_t least = INT64_MAX;
  for (int round = 0; round < kMeasureRounds; round++) {
    const int64_t start = NowNs();
    for (int call = 0; call < kMeasureCalls; call++) syscall(SYS_getppid);
    least = std::min(least, NowNs() - start);
  }
  return std::max<int64_t>(1, least / kMeasureCalls);
}

// systemCallNs() -> nanoseconds. Measured once: two threads that come first at a time measure both.
napi_value SystemCallNs(napi_env env, napi_callback_info info) {
  static std::atomic<int64_t> measured{0};
  const Arguments<1> arguments(env, info);
  int64_t cost = measured.load(std::memory_order_relaxed);  // it depends on nothing else
  if (cost == 0) {
    cost = MeasureSystemCall();
    measured.store(cost, std::memory_order_relaxed);
  }
  return arguments.Answer(cost);
}

}  // namespace

void DefineTransfers(Napi::Env env, Napi::Object exports) {
  ExportFunction(env, exports, "readSync", ReadSync);
  ExportFunction(env, exports, "readCachedSync", ReadCachedSync);
  ExportFunction(env, exports, "writeSync", WriteSync);
  ExportFunction(env, exports, "syncSync", SyncSync);
  ExportFunction(env, exports, "systemCallNs", SystemCallNs);
}

}  // namespace ringpool
