#include "register_through.h"

#include <cerrno>

#include "arguments.h"
#include "ring_registry.h"
#include "syscalls.h"

namespace ringpool {
namespace {

// The same call as the ring's own thread makes, for one slot. Alone with the table, so that what is found empty is
// still empty when the kernel fills it.
int FillSlot(SharedRing* ring, uint32_t index, const abi::IoVec& buffer) {
  const std::lock_guard<std::mutex> lock(ring->table);
  if (ring->filled.empty()) return -ENXIO;
  if (index >= ring->filled.size()) return -EINVAL;
  if (ring->filled[index]) return -EBUSY;
  abi::RsrcUpdate2 arg{index, 0, reinterpret_cast<uint64_t>(&buffer), 0, 1, 0};
  const int result = SysRegister(ring->fd, abi::kRegisterBuffersUpdate, &arg, sizeof arg);
  if (result < 0) return result;
  ring->filled[index] = true;
  return 0;
}

// registerThrough(ringId, index, view) -> 0 or a negative errno: EBADF (closed), EEXIST (SINGLE_ISSUER), EACCES (memory
// that the ring does not keep), ENXIO (no table), EBUSY (the slot holds a buffer), EINVAL, or the kernel's own
napi_value RegisterThrough(napi_env env, napi_callback_info info) {
  const Arguments<3> arguments(env, info);
  double id;
  uint32_t index;
  ViewArgument view;
  if (!arguments.Integer(0, 0, kSafeIntegerMax, &id) || !arguments.Unsigned(1, &index)) return arguments.Answer(-EINVAL);
  if (!view.Read(env, arguments.values[2], napi_uint8_array) || !view.shared || view.length == 0) {
    return arguments.Answer(-EINVAL);
  }
  const abi::IoVec buffer{reinterpret_cast<uint64_t>(view.data), view.length};
  const uint64_t base = buffer.base - view.byte_offset;
  return arguments.Answer(RingRegistry::With(static_cast<uint64_t>(id), [&](SharedRing& ring) {
    // From any thread, its own too: the answer must not depend on who asks.
    if (ring.flags & abi::kSetupSingleIssuer) return -EEXIST;
    if (!RingRegistry::Keeps(ring, base)) return -EACCES;
    return FillSlot(&ring, index, buffer);
  }));
}

}  // namespace

void DefineRegisterThrough(Napi::Env env, Napi::Object exports) {
  ExportFunction(env, exports, "registerThrough", RegisterThrough);
}

}  // namespace ringpool
