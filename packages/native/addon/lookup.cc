#include "lookup.h"

#include <fcntl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <cstdint>

#include "arguments.h"

namespace ringpool {
namespace {

/** `PATH_MAX`, with the zero that ends it. */
constexpr size_t kPathBytes = 4096;
/** `RESOLVE_CACHED` (Linux 5.12). */
constexpr uint64_t kResolveCached = 0x20;

/** `struct open_how`. */
struct OpenHow {
  uint64_t flags;
  uint64_t mode;
  uint64_t resolve;
};

// lookUpCached(path, follow) -> 0 when all of it is remembered and there, or a negative errno: -EAGAIN when it is not remembered
napi_value LookUpCached(napi_env env, napi_callback_info info) {
  const Arguments<2> arguments(env, info);
  char path[kPathBytes];
  size_t length = 0;
  bool follow;
  if (napi_get_value_string_utf8(env, arguments.values[0], path, sizeof path, &length) != napi_ok) {
    return arguments.Answer(-EINVAL);
  }
  if (!arguments.Boolean(1, &follow)) return arguments.Answer(-EINVAL);
  // Cut off: whoever takes the long way is told what is wrong with it.
  if (length >= sizeof path - 1) return arguments.Answer(-EAGAIN);
  const OpenHow how{static_cast<uint64_t>(O_PATH | O_CLOEXEC | (follow ? 0 : O_NOFOLLOW)), 0, kResolveCached};
  const long fd = syscall(__NR_openat2, AT_FDCWD, path, &how, sizeof how);
  if (fd < 0) return arguments.Answer(-errno);
  close(static_cast<int>(fd));
  return arguments.Answer(0);
}

}  // namespace

void DefineLookup(Napi::Env env, Napi::Object exports) { ExportFunction(env, exports, "lookUpCached", LookUpCached); }

}  // namespace ringpool
