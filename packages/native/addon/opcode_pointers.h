// The memory that each operation lets the kernel touch, by its SQE.
// Generated from the opcode table of @ringpool/core by scripts/generate-pointers.mjs: change the table, then run it; a
// test compares. Constants only: no memory, any thread.
#pragma once

#include <cstddef>
#include <cstdint>

namespace ringpool {

/** A field of the SQE: byte offset and size. */
struct Field {
  uint8_t offset;
  uint8_t bytes;
};

/** Bits of a field. A test holds when one of them is set; without bits it never holds. */
struct Bits {
  Field field{0, 0};
  uint32_t mask = 0;
};

enum class Access : uint8_t { kRead, kWritten, kBoth };

/** How long the memory at the pointer is used: until submit, until the last CQE, or until its buffer group lets go. */
enum class Until : uint8_t { kSubmit, kCompletion, kRemoval };

/** How the size of what a pointer points to is known. */
enum class Size : uint8_t {
  kLength,       // the bytes in `field`
  kWideLength,   // the bytes in `field`, or in `other` when that is 0
  kFixed,        // `bytes`
  kArray,        // `field` items of `bytes` each
  kBuffers,      // `field` buffers of `other` bytes each
  kCString,      // up to a zero byte, kPathBytesMax at most with it
  kSocklenAt,    // `field` holds a pointer to a uint32_t with the bytes
  kIoVecs,       // `field` struct iovec of 16 bytes, each naming memory that is used until completion
  kMsghdr,       // a struct msghdr of 56 bytes: name, iovecs and control data are used until completion; with
                 // IOSQE_BUFFER_SELECT the data go elsewhere, and no iov_base is used
  kFutexWaitv,   // `field` struct futex_waitv of 24 bytes; the words they name are used until completion
  kAttributePi,  // a struct io_uring_attr_pi of 32 bytes: u64 address at 8, u32 bytes at 4, used until completion
  kUnknown,      // only the driver behind the file knows: refuse, unless the ring's owner allows it
};

struct Extent {
  Size size = Size::kFixed;
  Field field{0, 0};
  Field other{0, 0};
  uint32_t bytes = 0;
};

inline constexpr uint32_t kPathBytesMax = 4096;
#if defined(__x86_64__)
inline constexpr uint32_t kEpollEventBytes = 12;  // packed, as on i386
#else
inline constexpr uint32_t kEpollEventBytes = 16;
#endif

constexpr Extent Length(Field bytes) { return {Size::kLength, bytes, {0, 0}, 0}; }
constexpr Extent WideLength(Field wide, Field bytes) { return {Size::kWideLength, wide, bytes, 0}; }
constexpr Extent Fixed(uint32_t bytes) { return {Size::kFixed, {0, 0}, {0, 0}, bytes}; }
constexpr Extent Array(Field count, uint32_t bytes) { return {Size::kArray, count, {0, 0}, bytes}; }
constexpr Extent Buffers(Field count, Field bytes) { return {Size::kBuffers, count, bytes, 0}; }
constexpr Extent CString() { return {Size::kCString, {0, 0}, {0, 0}, 0}; }
constexpr Extent SocklenAt(Field pointer) { return {Size::kSocklenAt, pointer, {0, 0}, 0}; }
constexpr Extent IoVecs(Field count) { return {Size::kIoVecs, count, {0, 0}, 16}; }
constexpr Extent Msghdr() { return {Size::kMsghdr, {0, 0}, {0, 0}, 56}; }
constexpr Extent FutexWaitv(Field count) { return {Size::kFutexWaitv, count, {0, 0}, 24}; }
constexpr Extent AttributePi() { return {Size::kAttributePi, {0, 0}, {0, 0}, 32}; }
constexpr Extent Unknown() { return {Size::kUnknown, {0, 0}, {0, 0}, 0}; }

/** One pointer of an operation. */
struct Pointer {
  Field address{0, 0};
  Access access = Access::kRead;
  Until until = Until::kSubmit;
  Extent extent;
  /** An address of 0 means that there is none. */
  bool nullable = false;
  /** With bits: the field is a pointer only when the test holds. */
  Bits only_when;
  /** The field is no pointer when the test holds. */
  Bits unless;
  /** When the test holds, the pointer points to `instead`. */
  Bits instead_when;
  Extent instead;

  constexpr Pointer() = default;
  constexpr Pointer(Field where, Access how, Until when, Extent what)
      : address(where), access(how), until(when), extent(what) {}

  constexpr Pointer Nullable() const {
    Pointer copy = *this;
    copy.nullable = true;
    return copy;
  }
  constexpr Pointer OnlyWhen(Bits bits) const {
    Pointer copy = *this;
    copy.only_when = bits;
    return copy;
  }
  constexpr Pointer Unless(Bits bits) const {
    Pointer copy = *this;
    copy.unless = bits;
    return copy;
  }
  constexpr Pointer Instead(Bits bits, Extent what) const {
    Pointer copy = *this;
    copy.instead_when = bits;
    copy.instead = what;
    return copy;
  }
};

/** Whether the operation uses the registered buffer that buf_index names. */
enum class BufferUse : uint8_t { kNever, kAlways, kWhen };

inline constexpr size_t kPointersMax = 3;

/**
 * What one operation touches. While it uses a registered buffer, the kernel itself checks the data against that buffer:
 * the memory at addr, or, where addr names iovecs or a msghdr, the memory their iovecs name.
 */
struct OpcodePointers {
  BufferUse buffer_use;
  Bits buffer_when;
  uint8_t count;
  Pointer pointers[kPointersMax];
};

inline constexpr Field kFlags{1, 1};
inline constexpr Field kIoprio{2, 2};
inline constexpr Field kFd{4, 4};
inline constexpr Field kAddr2{8, 8};
inline constexpr Field kOff{8, 8};
inline constexpr Field kAddr{16, 8};
inline constexpr Field kLen{24, 4};
inline constexpr Field kNopFlags{28, 4};
inline constexpr Field kTimeoutFlags{28, 4};
inline constexpr Field kUringCmdFlags{28, 4};
inline constexpr Field kAddrLen{44, 2};
inline constexpr Field kAddr3{48, 8};
inline constexpr Field kAttrPtr{48, 8};
inline constexpr Field kAttrTypeMask{56, 8};

inline constexpr size_t kOpcodes = 65;

/** By opcode number. */
inline constexpr OpcodePointers kOpcodePointers[kOpcodes] = {
    /* 0 nop */
    {BufferUse::kWhen, Bits{kNopFlags, 0x8}, 0, {}},
    /* 1 readv */
    {BufferUse::kNever, {}, 2, {
          Pointer(kAddr, Access::kRead, Until::kSubmit, IoVecs(kLen))
           .Instead(Bits{kFlags, 0x20}, Fixed(16)),
          Pointer(kAttrPtr, Access::kRead, Until::kSubmit, AttributePi())
           .OnlyWhen(Bits{kAttrTypeMask, 0x1})}},
    /* 2 writev */
    {BufferUse::kNever, {}, 2, {
          Pointer(kAddr, Access::kRead, Until::kSubmit, IoVecs(kLen)),
          Pointer(kAttrPtr, Access::kRead, Until::kSubmit, AttributePi())
           .OnlyWhen(Bits{kAttrTypeMask, 0x1})}},
    /* 3 fsync */
    {BufferUse::kNever, {}, 0, {}},
    /* 4 readFixed */
    {BufferUse::kAlways, {}, 2, {
          Pointer(kAddr, Access::kWritten, Until::kCompletion, Length(kLen)),
          Pointer(kAttrPtr, Access::kRead, Until::kSubmit, AttributePi())
           .OnlyWhen(Bits{kAttrTypeMask, 0x1})}},
    /* 5 writeFixed */
    {BufferUse::kAlways, {}, 2, {
          Pointer(kAddr, Access::kRead, Until::kCompletion, Length(kLen)),
          Pointer(kAttrPtr, Access::kRead, Until::kSubmit, AttributePi())
           .OnlyWhen(Bits{kAttrTypeMask, 0x1})}},
    /* 6 pollAdd */
    {BufferUse::kNever, {}, 0, {}},
    /* 7 pollRemove */
    {BufferUse::kNever, {}, 0, {}},
    /* 8 syncFileRange */
    {BufferUse::kNever, {}, 0, {}},
    /* 9 sendmsg */
    {BufferUse::kNever, {}, 1, {
          Pointer(kAddr, Access::kRead, Until::kCompletion, Msghdr())}},
    /* 10 recvmsg */
    {BufferUse::kNever, {}, 1, {
          Pointer(kAddr, Access::kBoth, Until::kCompletion, Msghdr())}},
    /* 11 timeout */
    {BufferUse::kNever, {}, 1, {
          Pointer(kAddr, Access::kRead, Until::kSubmit, Fixed(16))
           .Unless(Bits{kTimeoutFlags, 0x80})}},
    /* 12 timeoutRemove */
    {BufferUse::kNever, {}, 1, {
          Pointer(kAddr2, Access::kRead, Until::kSubmit, Fixed(16))
           .OnlyWhen(Bits{kTimeoutFlags, 0x12})
           .Unless(Bits{kTimeoutFlags, 0x80})}},
    /* 13 accept */
    {BufferUse::kNever, {}, 2, {
          Pointer(kAddr, Access::kWritten, Until::kCompletion, SocklenAt(kAddr2))
           .Nullable(),
          Pointer(kAddr2, Access::kBoth, Until::kCompletion, Fixed(4))
           .Nullable()}},
    /* 14 asyncCancel */
    {BufferUse::kNever, {}, 0, {}},
    /* 15 linkTimeout */
    {BufferUse::kNever, {}, 1, {
          Pointer(kAddr, Access::kRead, Until::kSubmit, Fixed(16))
           .Unless(Bits{kTimeoutFlags, 0x80})}},
    /* 16 connect */
    {BufferUse::kNever, {}, 1, {
          Pointer(kAddr, Access::kRead, Until::kSubmit, Length(kAddr2))}},
    /* 17 fallocate */
    {BufferUse::kNever, {}, 0, {}},
    /* 18 openat */
    {BufferUse::kNever, {}, 1, {
          Pointer(kAddr, Access::kRead, Until::kSubmit, CString())}},
    /* 19 close */
    {BufferUse::kNever, {}, 0, {}},
    /* 20 filesUpdate */
    {BufferUse::kNever, {}, 1, {
          Pointer(kAddr, Access::kBoth, Until::kCompletion, Array(kLen, 4))}},
    /* 21 statx */
    {BufferUse::kNever, {}, 2, {
          Pointer(kAddr, Access::kRead, Until::kSubmit, CString())
           .Nullable(),
          Pointer(kOff, Access::kWritten, Until::kCompletion, Fixed(256))}},
    /* 22 read */
    {BufferUse::kNever, {}, 2, {
          Pointer(kAddr, Access::kWritten, Until::kCompletion, Length(kLen))
           .Unless(Bits{kFlags, 0x20}),
          Pointer(kAttrPtr, Access::kRead, Until::kSubmit, AttributePi())
           .OnlyWhen(Bits{kAttrTypeMask, 0x1})}},
    /* 23 write */
    {BufferUse::kNever, {}, 2, {
          Pointer(kAddr, Access::kRead, Until::kCompletion, Length(kLen)),
          Pointer(kAttrPtr, Access::kRead, Until::kSubmit, AttributePi())
           .OnlyWhen(Bits{kAttrTypeMask, 0x1})}},
    /* 24 fadvise */
    {BufferUse::kNever, {}, 0, {}},
    /* 25 madvise */
    {BufferUse::kNever, {}, 1, {
          Pointer(kAddr, Access::kBoth, Until::kCompletion, WideLength(kOff, kLen))}},
    /* 26 send */
    {BufferUse::kNever, {}, 2, {
          Pointer(kAddr, Access::kRead, Until::kCompletion, Length(kLen))
           .Unless(Bits{kFlags, 0x20})
           .Instead(Bits{kIoprio, 0x20}, IoVecs(kLen)),
          Pointer(kAddr2, Access::kRead, Until::kCompletion, Length(kAddrLen))
           .Nullable()}},
    /* 27 recv */
    {BufferUse::kNever, {}, 1, {
          Pointer(kAddr, Access::kWritten, Until::kCompletion, Length(kLen))
           .Unless(Bits{kFlags, 0x20})}},
    /* 28 openat2 */
    {BufferUse::kNever, {}, 2, {
          Pointer(kAddr, Access::kRead, Until::kSubmit, CString()),
          Pointer(kAddr2, Access::kRead, Until::kSubmit, Length(kLen))}},
    /* 29 epollCtl */
    {BufferUse::kNever, {}, 1, {
          Pointer(kAddr, Access::kRead, Until::kSubmit, Fixed(kEpollEventBytes))
           .Nullable()}},
    /* 30 splice */
    {BufferUse::kNever, {}, 0, {}},
    /* 31 provideBuffers */
    {BufferUse::kNever, {}, 1, {
          Pointer(kAddr, Access::kWritten, Until::kRemoval, Buffers(kFd, kLen))}},
    /* 32 removeBuffers */
    {BufferUse::kNever, {}, 0, {}},
    /* 33 tee */
    {BufferUse::kNever, {}, 0, {}},
    /* 34 shutdown */
    {BufferUse::kNever, {}, 0, {}},
    /* 35 renameat */
    {BufferUse::kNever, {}, 2, {
          Pointer(kAddr, Access::kRead, Until::kSubmit, CString()),
          Pointer(kAddr2, Access::kRead, Until::kSubmit, CString())}},
    /* 36 unlinkat */
    {BufferUse::kNever, {}, 1, {
          Pointer(kAddr, Access::kRead, Until::kSubmit, CString())}},
    /* 37 mkdirat */
    {BufferUse::kNever, {}, 1, {
          Pointer(kAddr, Access::kRead, Until::kSubmit, CString())}},
    /* 38 symlinkat */
    {BufferUse::kNever, {}, 2, {
          Pointer(kAddr, Access::kRead, Until::kSubmit, CString()),
          Pointer(kAddr2, Access::kRead, Until::kSubmit, CString())}},
    /* 39 linkat */
    {BufferUse::kNever, {}, 2, {
          Pointer(kAddr, Access::kRead, Until::kSubmit, CString()),
          Pointer(kAddr2, Access::kRead, Until::kSubmit, CString())}},
    /* 40 msgRing */
    {BufferUse::kNever, {}, 0, {}},
    /* 41 fsetxattr */
    {BufferUse::kNever, {}, 2, {
          Pointer(kAddr, Access::kRead, Until::kSubmit, CString()),
          Pointer(kAddr2, Access::kRead, Until::kSubmit, Length(kLen))
           .Nullable()}},
    /* 42 setxattr */
    {BufferUse::kNever, {}, 3, {
          Pointer(kAddr, Access::kRead, Until::kSubmit, CString()),
          Pointer(kAddr2, Access::kRead, Until::kSubmit, Length(kLen))
           .Nullable(),
          Pointer(kAddr3, Access::kRead, Until::kSubmit, CString())}},
    /* 43 fgetxattr */
    {BufferUse::kNever, {}, 2, {
          Pointer(kAddr, Access::kRead, Until::kSubmit, CString()),
          Pointer(kAddr2, Access::kWritten, Until::kCompletion, Length(kLen))
           .Nullable()}},
    /* 44 getxattr */
    {BufferUse::kNever, {}, 3, {
          Pointer(kAddr, Access::kRead, Until::kSubmit, CString()),
          Pointer(kAddr2, Access::kWritten, Until::kCompletion, Length(kLen))
           .Nullable(),
          Pointer(kAddr3, Access::kRead, Until::kSubmit, CString())}},
    /* 45 socket */
    {BufferUse::kNever, {}, 0, {}},
    /* 46 uringCmd */
    {BufferUse::kWhen, Bits{kUringCmdFlags, 0x1}, 2, {
          Pointer(kAddr, Access::kBoth, Until::kCompletion, Unknown()),
          Pointer(kAddr3, Access::kBoth, Until::kCompletion, Unknown())}},
    /* 47 sendZc */
    {BufferUse::kWhen, Bits{kIoprio, 0x4}, 2, {
          Pointer(kAddr, Access::kRead, Until::kCompletion, Length(kLen))
           .Instead(Bits{kIoprio, 0x20}, IoVecs(kLen)),
          Pointer(kAddr2, Access::kRead, Until::kCompletion, Length(kAddrLen))
           .Nullable()}},
    /* 48 sendmsgZc */
    {BufferUse::kWhen, Bits{kIoprio, 0x4}, 1, {
          Pointer(kAddr, Access::kRead, Until::kCompletion, Msghdr())}},
    /* 49 readMultishot */
    {BufferUse::kNever, {}, 1, {
          Pointer(kAttrPtr, Access::kRead, Until::kSubmit, AttributePi())
           .OnlyWhen(Bits{kAttrTypeMask, 0x1})}},
    /* 50 waitid */
    {BufferUse::kNever, {}, 1, {
          Pointer(kAddr2, Access::kWritten, Until::kCompletion, Fixed(128))
           .Nullable()}},
    /* 51 futexWait */
    {BufferUse::kNever, {}, 1, {
          Pointer(kAddr, Access::kBoth, Until::kCompletion, Fixed(4))
           .Instead(Bits{kFd, 0x4}, Fixed(8))}},
    /* 52 futexWake */
    {BufferUse::kNever, {}, 1, {
          Pointer(kAddr, Access::kBoth, Until::kCompletion, Fixed(4))
           .Instead(Bits{kFd, 0x4}, Fixed(8))}},
    /* 53 futexWaitv */
    {BufferUse::kNever, {}, 1, {
          Pointer(kAddr, Access::kRead, Until::kSubmit, FutexWaitv(kLen))}},
    /* 54 fixedFdInstall */
    {BufferUse::kNever, {}, 0, {}},
    /* 55 ftruncate */
    {BufferUse::kNever, {}, 0, {}},
    /* 56 bind */
    {BufferUse::kNever, {}, 1, {
          Pointer(kAddr, Access::kRead, Until::kSubmit, Length(kAddr2))}},
    /* 57 listen */
    {BufferUse::kNever, {}, 0, {}},
    /* 58 recvZc */
    {BufferUse::kNever, {}, 0, {}},
    /* 59 epollWait */
    {BufferUse::kNever, {}, 1, {
          Pointer(kAddr, Access::kWritten, Until::kCompletion, Array(kLen, kEpollEventBytes))}},
    /* 60 readvFixed */
    {BufferUse::kAlways, {}, 2, {
          Pointer(kAddr, Access::kRead, Until::kSubmit, IoVecs(kLen)),
          Pointer(kAttrPtr, Access::kRead, Until::kSubmit, AttributePi())
           .OnlyWhen(Bits{kAttrTypeMask, 0x1})}},
    /* 61 writevFixed */
    {BufferUse::kAlways, {}, 2, {
          Pointer(kAddr, Access::kRead, Until::kSubmit, IoVecs(kLen)),
          Pointer(kAttrPtr, Access::kRead, Until::kSubmit, AttributePi())
           .OnlyWhen(Bits{kAttrTypeMask, 0x1})}},
    /* 62 pipe */
    {BufferUse::kNever, {}, 1, {
          Pointer(kAddr, Access::kWritten, Until::kCompletion, Fixed(8))}},
    /* 63 nop128 */
    {BufferUse::kWhen, Bits{kNopFlags, 0x8}, 0, {}},
    /* 64 uringCmd128 */
    {BufferUse::kWhen, Bits{kUringCmdFlags, 0x1}, 2, {
          Pointer(kAddr, Access::kBoth, Until::kCompletion, Unknown()),
          Pointer(kAddr3, Access::kBoth, Until::kCompletion, Unknown())}},
};

}  // namespace ringpool
