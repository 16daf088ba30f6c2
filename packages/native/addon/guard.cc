#include "guard.h"

namespace ringpool {
namespace {

// What the kernel reads at most of one iovec array (UIO_MAXIOV).
constexpr uint64_t kIoVecsMax = 1024;
constexpr uint64_t kFutexWaitvMax = 128;
constexpr uint64_t kFutexWordBytes = 8;

uint64_t FieldOf(const abi::Sqe& sqe, Field field) {
  uint64_t value = 0;  // little-endian, like the kernel's own reading of a narrower field
  std::memcpy(&value, reinterpret_cast<const uint8_t*>(&sqe) + field.offset, field.bytes);
  return value;
}

bool Test(const abi::Sqe& sqe, const Bits& bits) { return bits.mask != 0 && (FieldOf(sqe, bits.field) & bits.mask) != 0; }

template <typename T>
T LoadAt(uint64_t address) {
  T value;
  std::memcpy(&value, reinterpret_cast<const void*>(address), sizeof value);
  return value;
}

struct MessageHeader {
  uint64_t name;
  uint32_t name_bytes;
  uint32_t pad;
  uint64_t vectors;
  uint64_t vector_count;
  uint64_t control;
  uint64_t control_bytes;
  uint64_t flags;
};
static_assert(sizeof(MessageHeader) == 56);

}  // namespace

void Guard::Attach(uint64_t begin, uint64_t end) {
  for (Region& region : regions_) {
    if (region.begin != begin) continue;
    if (end > region.end) region.end = end;
    return;
  }
  regions_.push_back(Region{begin, end});
}

bool Guard::Allows(const abi::Sqe& sqe) const {
  if (sqe.opcode >= kOpcodes) return allow_unknown_;
  const OpcodePointers& entry = kOpcodePointers[sqe.opcode];
  const bool registered = UsesRegisteredBuffer(sqe, kOpcodeTraits[sqe.opcode]);
  for (uint8_t index = 0; index < entry.count; index++) {
    if (!AllowsPointer(sqe, entry.pointers[index], registered)) return false;
  }
  return true;
}

bool Guard::AllowsPointer(const abi::Sqe& sqe, const Pointer& pointer, bool data_registered) const {
  if (pointer.only_when.mask != 0 && !Test(sqe, pointer.only_when)) return true;
  if (Test(sqe, pointer.unless)) return true;
  const uint64_t address = FieldOf(sqe, pointer.address);
  if (address == 0 && pointer.nullable) return true;
  // The data of a fixed operation: the kernel checks addr and len against the registered buffer.
  const Extent& extent = Test(sqe, pointer.instead_when) ? pointer.instead : pointer.extent;
  if (data_registered && pointer.address.offset == kAddr.offset && extent.size == Size::kLength) return true;
  return CoversExtent(sqe, extent, address, data_registered);
}

bool Guard::CoversExtent(const abi::Sqe& sqe, const Extent& extent, uint64_t address, bool data_registered) const {
  const uint64_t field = FieldOf(sqe, extent.field);
  switch (extent.size) {
    case Size::kLength:
      return field == 0 || Covers(address, field);
    case Size::kWideLength: {
      const uint64_t bytes = field != 0 ? field : FieldOf(sqe, extent.other);
      return bytes == 0 || Covers(address, bytes);
    }
    case Size::kFixed:
      return Covers(address, extent.bytes);
    case Size::kArray:
      return field == 0 || Covers(address, field * extent.bytes);
    case Size::kBuffers: {
      const uint64_t each = FieldOf(sqe, extent.other);
      return field == 0 || each == 0 || Covers(address, (field & 0xffffffff) * each);
    }
    case Size::kCString:
      return CoversString(address);
    case Size::kSocklenAt: {
      const uint64_t length_at = field;
      return Covers(length_at, sizeof(uint32_t)) && Covers(address, LoadAt<uint32_t>(length_at));
    }
    case Size::kIoVecs:
      // Buffer selection replaces the addresses, and a registered buffer is the kernel's to check.
      if (data_registered || (sqe.flags & abi::kSqeBufferSelect)) return field == 0 || Covers(address, field * 16);
      return CoversIoVecs(address, field);
    case Size::kMsghdr:
      return CoversMsghdr(address, data_registered || (sqe.flags & abi::kSqeBufferSelect));
    case Size::kFutexWaitv:
      return CoversFutexWaitv(address, field);
    case Size::kAttributePi: {
      if (!Covers(address, extent.bytes)) return false;
      return Covers(LoadAt<uint64_t>(address + 8), LoadAt<uint32_t>(address + 4));
    }
    case Size::kUnknown:
      return address == 0 || allow_unknown_;
  }
  return false;
}

bool Guard::CoversString(uint64_t address) const {
  for (const Region& region : regions_) {
    if (address < region.begin || address >= region.end) continue;
    const uint64_t left = region.end - address;
    const size_t most = left < kPathBytesMax ? left : kPathBytesMax;
    // Without a zero byte the kernel stops at 4,096 bytes by itself, so only the region's end is of interest.
    return most == kPathBytesMax || std::memchr(reinterpret_cast<const void*>(address), 0, most) != nullptr;
  }
  return false;
}

// Other threads may change the array after this look, as they may change any memory they hold a lease of: the guard
// catches mistakes, and the kernel copies the array during submission.
bool Guard::CoversIoVecs(uint64_t address, uint64_t count) const {
  if (count == 0) return true;
  if (count > kIoVecsMax) return true;  // the kernel answers EINVAL and touches nothing
  if (!Covers(address, count * sizeof(abi::IoVec))) return false;
  for (uint64_t index = 0; index < count; index++) {
    const auto vector = LoadAt<abi::IoVec>(address + index * sizeof(abi::IoVec));
    if (vector.len != 0 && !Covers(vector.base, vector.len)) return false;
  }
  return true;
}

bool Guard::CoversMsghdr(uint64_t address, bool data_elsewhere) const {
  if (!Covers(address, sizeof(MessageHeader))) return false;
  const auto message = LoadAt<MessageHeader>(address);
  if (message.name != 0 && message.name_bytes != 0 && !Covers(message.name, message.name_bytes)) return false;
  if (message.control != 0 && message.control_bytes != 0 && !Covers(message.control, message.control_bytes)) return false;
  if (data_elsewhere) {
    return message.vector_count == 0 || Covers(message.vectors, message.vector_count * sizeof(abi::IoVec));
  }
  return CoversIoVecs(message.vectors, message.vector_count);
}

bool Guard::CoversFutexWaitv(uint64_t address, uint64_t count) const {
  constexpr uint64_t kEntryBytes = 24;
  if (count == 0 || count > kFutexWaitvMax) return true;  // the kernel answers EINVAL
  if (!Covers(address, count * kEntryBytes)) return false;
  for (uint64_t index = 0; index < count; index++) {
    // struct futex_waitv: u64 val, u64 uaddr, u32 flags, u32 reserved.
    if (!Covers(LoadAt<uint64_t>(address + index * kEntryBytes + 8), kFutexWordBytes)) return false;
  }
  return true;
}

}  // namespace ringpool
