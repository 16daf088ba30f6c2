/* Prints the golden vectors: the bytes of SQEs as the kernel's header and liburing make them, one line each.
 * Operations that liburing 2.3 knows go through its helpers; every other field is stored at the offset and size that
 * sqe_layout.csv gives, which make-vectors.mjs passes as OFFSET_<field> and SIZE_<field>.
 * BASE prints a second line, with flags and a personality. Nothing here is submitted, and the addresses are made up. */
#define _GNU_SOURCE
#include <fcntl.h>
#include <liburing.h>
#include <poll.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#define A 0x7f1234567000
#define B 0x7f1234568000
#define C 0x7f1234569000
#define BIG 0x123456789a
#define USER_DATA 0x0123456789abcdef
#define P(address) ((void *)(uintptr_t)(address))
#define FOREIGN(user_data) ((user_data) | (1ull << 63))

static void store(struct io_uring_sqe *s, int offset, int size, uint64_t value) {
  memcpy((unsigned char *)s + offset, &value, size);
}

static uint64_t load(struct io_uring_sqe *s, int offset, int size) {
  uint64_t value = 0;
  memcpy(&value, (unsigned char *)s + offset, size);
  return value;
}

static void payload(struct io_uring_sqe *s, int bytes) {
  for (int i = 0; i < bytes; i++) ((unsigned char *)s)[OFFSET_cmd + i] = i + 1;
}

static void print(const char *label, const char *suffix, struct io_uring_sqe *s, int bytes) {
  static int printed = 0;
  printf("%s  \"%s%s\": \"", printed++ ? ",\n" : "", label, suffix);
  for (int i = 0; i < bytes; i++) printf("%02x", ((unsigned char *)s)[i]);
  printf("\"");
}

/* No field is wider than 8 bytes, but cmd, which payload() fills. */
#define SET(field, value) store(s, OFFSET_##field, SIZE_##field, (uint64_t)(value))
#define ADD(field, bits) SET(field, load(s, OFFSET_##field, SIZE_##field) | (bits))
#define PREPARE(...) memset(s, 0, 128); __VA_ARGS__; SET(user_data, USER_DATA)
#define VECTOR(label, bytes, ...) do { PREPARE(__VA_ARGS__); print(label, "", s, bytes); } while (0)
#define BASE(label, bytes, ...) \
  do { \
    VECTOR(label, bytes, __VA_ARGS__); \
    ADD(flags, 0x14); \
    SET(personality, 0x55aa); \
    print(label, " with options", s, bytes); \
  } while (0)

static void transfers_1(struct io_uring_sqe *s) {
  BASE("nop", 64, io_uring_prep_nop(s));
  VECTOR("nop nopFlags", 64, io_uring_prep_nop(s); SET(nop_flags, 0x10));
  VECTOR("nop fd", 64, io_uring_prep_nop(s); SET(nop_flags, 0x2); SET(fd, 5));
  VECTOR("nop fixed file", 64, io_uring_prep_nop(s); SET(nop_flags, 0x6); SET(fd, 6));
  VECTOR("nop result", 64, io_uring_prep_nop(s); SET(nop_flags, 0x1); SET(len, -22));
  VECTOR("nop bufferIndex", 64, io_uring_prep_nop(s); SET(nop_flags, 0x8); SET(buf_index, 7));
  VECTOR("nop extra1", 64, io_uring_prep_nop(s); SET(nop_flags, 0x20); SET(off, BIG));
  VECTOR("nop extra2", 64, io_uring_prep_nop(s); SET(nop_flags, 0x20); SET(addr, BIG));
  BASE("readv", 64, io_uring_prep_readv(s, 5, P(A), 3, BIG));
  VECTOR("readv fixed file", 64, io_uring_prep_readv(s, 5, P(A), 3, BIG); SET(fd, 6); ADD(flags, 1));
  VECTOR("readv rwFlags", 64, io_uring_prep_readv(s, 5, P(A), 3, BIG); SET(rw_flags, 8));
  VECTOR("readv ioprio", 64, io_uring_prep_readv(s, 5, P(A), 3, BIG); SET(ioprio, 0x4002));
  VECTOR("readv bufferGroup", 64, io_uring_prep_readv(s, 5, P(A), 3, BIG); ADD(flags, 0x20); SET(buf_group, 9));
  VECTOR("readv current position", 64, io_uring_prep_readv(s, 5, P(A), 3, BIG); SET(off, -1));
  BASE("writev", 64, io_uring_prep_writev(s, 5, P(A), 3, BIG));
  VECTOR("writev fixed file", 64, io_uring_prep_writev(s, 5, P(A), 3, BIG); SET(fd, 6); ADD(flags, 1));
  VECTOR("writev rwFlags", 64, io_uring_prep_writev(s, 5, P(A), 3, BIG); SET(rw_flags, 2));
  VECTOR("writev ioprio", 64, io_uring_prep_writev(s, 5, P(A), 3, BIG); SET(ioprio, 0x4002));
  BASE("fsync", 64, io_uring_prep_fsync(s, 5, 0));
  VECTOR("fsync fixed file", 64, io_uring_prep_fsync(s, 5, 0); SET(fd, 6); ADD(flags, 1));
  VECTOR("fsync fsyncFlags", 64, io_uring_prep_fsync(s, 5, 0); s->fsync_flags = IORING_FSYNC_DATASYNC);
  VECTOR("fsync offset", 64, io_uring_prep_fsync(s, 5, 0); SET(off, BIG));
  VECTOR("fsync length", 64, io_uring_prep_fsync(s, 5, 0); SET(len, 4096));
  BASE("readFixed", 64, io_uring_prep_read_fixed(s, 5, P(A), 4096, BIG, 7));
  VECTOR("readFixed fixed file", 64, io_uring_prep_read_fixed(s, 5, P(A), 4096, BIG, 7); SET(fd, 6); ADD(flags, 1));
  VECTOR("readFixed rwFlags", 64, io_uring_prep_read_fixed(s, 5, P(A), 4096, BIG, 7); SET(rw_flags, 0x80));
  VECTOR("readFixed ioprio", 64, io_uring_prep_read_fixed(s, 5, P(A), 4096, BIG, 7); SET(ioprio, 0x4002));
  VECTOR("readFixed current position", 64, io_uring_prep_read_fixed(s, 5, P(A), 4096, BIG, 7); SET(off, -1));
  VECTOR("readFixed offset of 64 bits", 64, io_uring_prep_read_fixed(s, 5, P(A), 4096, BIG, 7); SET(off, 0xfedcba9876543210));
  BASE("writeFixed", 64, io_uring_prep_write_fixed(s, 5, P(A), 4096, BIG, 7));
  VECTOR("writeFixed fixed file", 64, io_uring_prep_write_fixed(s, 5, P(A), 4096, BIG, 7); SET(fd, 6); ADD(flags, 1));
  VECTOR("writeFixed rwFlags", 64, io_uring_prep_write_fixed(s, 5, P(A), 4096, BIG, 7); SET(rw_flags, 0x80));
  VECTOR("writeFixed ioprio", 64, io_uring_prep_write_fixed(s, 5, P(A), 4096, BIG, 7); SET(ioprio, 0x4002));
  VECTOR("writeFixed current position", 64, io_uring_prep_write_fixed(s, 5, P(A), 4096, BIG, 7); SET(off, -1));
  VECTOR("writeFixed offset of 64 bits", 64, io_uring_prep_write_fixed(s, 5, P(A), 4096, BIG, 7); SET(off, 0xfedcba9876543210));
  BASE("read", 64, io_uring_prep_read(s, 5, P(A), 4096, BIG));
  VECTOR("read fixed file", 64, io_uring_prep_read(s, 5, P(A), 4096, BIG); SET(fd, 6); ADD(flags, 1));
  VECTOR("read rwFlags", 64, io_uring_prep_read(s, 5, P(A), 4096, BIG); SET(rw_flags, 0x40));
  VECTOR("read ioprio", 64, io_uring_prep_read(s, 5, P(A), 4096, BIG); SET(ioprio, 0x4002));
  VECTOR("read attribute", 64, io_uring_prep_read(s, 5, P(A), 4096, BIG); SET(attr_ptr, B); SET(attr_type_mask, 1));
  VECTOR("read current position", 64, io_uring_prep_read(s, 5, P(A), 4096, BIG); SET(off, -1));
  VECTOR("read bufferGroup", 64, io_uring_prep_read(s, 5, NULL, 4096, BIG); ADD(flags, 0x20); SET(buf_group, 9));
  BASE("write", 64, io_uring_prep_write(s, 5, P(A), 4096, BIG));
  VECTOR("write fixed file", 64, io_uring_prep_write(s, 5, P(A), 4096, BIG); SET(fd, 6); ADD(flags, 1));
  VECTOR("write rwFlags", 64, io_uring_prep_write(s, 5, P(A), 4096, BIG); SET(rw_flags, 0x40));
  VECTOR("write ioprio", 64, io_uring_prep_write(s, 5, P(A), 4096, BIG); SET(ioprio, 0x4002));
  VECTOR("write attribute", 64, io_uring_prep_write(s, 5, P(A), 4096, BIG); SET(attr_ptr, B); SET(attr_type_mask, 1));
  VECTOR("write current position", 64, io_uring_prep_write(s, 5, P(A), 4096, BIG); SET(off, -1));
  BASE("readMultishot", 64, SET(opcode, 49); SET(fd, 5); SET(off, BIG); SET(buf_group, 9); ADD(flags, 0x20));
  VECTOR("readMultishot fixed file", 64, SET(opcode, 49); SET(fd, 5); SET(off, BIG); SET(buf_group, 9); ADD(flags, 0x20); SET(fd, 6); ADD(flags, 1));
  VECTOR("readMultishot length", 64, SET(opcode, 49); SET(fd, 5); SET(off, BIG); SET(buf_group, 9); ADD(flags, 0x20); SET(len, 512));
  BASE("readvFixed", 64, SET(opcode, 60); SET(fd, 5); SET(off, BIG); SET(addr, A); SET(len, 3); SET(buf_index, 7));
  VECTOR("readvFixed fixed file", 64, SET(opcode, 60); SET(fd, 5); SET(off, BIG); SET(addr, A); SET(len, 3); SET(buf_index, 7); SET(fd, 6); ADD(flags, 1));
  VECTOR("readvFixed rwFlags", 64, SET(opcode, 60); SET(fd, 5); SET(off, BIG); SET(addr, A); SET(len, 3); SET(buf_index, 7); SET(rw_flags, 2));
  BASE("writevFixed", 64, SET(opcode, 61); SET(fd, 5); SET(off, BIG); SET(addr, A); SET(len, 3); SET(buf_index, 7));
  VECTOR("writevFixed fixed file", 64, SET(opcode, 61); SET(fd, 5); SET(off, BIG); SET(addr, A); SET(len, 3); SET(buf_index, 7); SET(fd, 6); ADD(flags, 1));
  VECTOR("writevFixed rwFlags", 64, SET(opcode, 61); SET(fd, 5); SET(off, BIG); SET(addr, A); SET(len, 3); SET(buf_index, 7); SET(rw_flags, 2));
  BASE("splice", 64, io_uring_prep_splice(s, 8, BIG, 5, -1, 4096, 0));
  VECTOR("splice fixed file", 64, io_uring_prep_splice(s, 8, BIG, 5, -1, 4096, 0); SET(fd, 6); ADD(flags, 1));
  VECTOR("splice spliceFlags", 64, io_uring_prep_splice(s, 8, BIG, 5, -1, 4096, 0); SET(splice_flags, 1));
  VECTOR("splice fixed input", 64, io_uring_prep_splice(s, 8, BIG, 5, -1, 4096, 0); SET(splice_flags, 0x80000000));
}

static void transfers_2(struct io_uring_sqe *s) {
  BASE("tee", 64, io_uring_prep_tee(s, 8, 5, 4096, 0));
  VECTOR("tee fixed file", 64, io_uring_prep_tee(s, 8, 5, 4096, 0); SET(fd, 6); ADD(flags, 1));
  VECTOR("tee spliceFlags", 64, io_uring_prep_tee(s, 8, 5, 4096, 0); SET(splice_flags, 2));
  VECTOR("tee fixed input", 64, io_uring_prep_tee(s, 8, 5, 4096, 0); SET(splice_flags, 0x80000000));
  BASE("syncFileRange", 64, io_uring_prep_sync_file_range(s, 5, 4096, BIG, 2));
  VECTOR("syncFileRange fixed file", 64, io_uring_prep_sync_file_range(s, 5, 4096, BIG, 2); SET(fd, 6); ADD(flags, 1));
}

static void files_1(struct io_uring_sqe *s) {
  BASE("fallocate", 64, io_uring_prep_fallocate(s, 5, 0, BIG, 0x200000000));
  VECTOR("fallocate fixed file", 64, io_uring_prep_fallocate(s, 5, 0, BIG, 0x200000000); SET(fd, 6); ADD(flags, 1));
  VECTOR("fallocate mode", 64, io_uring_prep_fallocate(s, 5, 0, BIG, 0x200000000); SET(len, 1));
  BASE("openat", 64, io_uring_prep_openat(s, 5, P(A), 0x42, 0));
  VECTOR("openat mode", 64, io_uring_prep_openat(s, 5, P(A), 0x42, 0); SET(len, 0644));
  VECTOR("openat working directory", 64, io_uring_prep_openat(s, AT_FDCWD, P(A), 0x42, 0));
  VECTOR("openat directSlot", 64, io_uring_prep_openat_direct(s, 5, P(A), 0x42, 0, 11));
  VECTOR("openat directSlot allocated", 64, io_uring_prep_openat_direct(s, 5, P(A), 0x42, 0, 0xfffffffe));
  BASE("close", 64, io_uring_prep_close(s, 5));
  VECTOR("close fixed file", 64, io_uring_prep_close_direct(s, 6));
  BASE("filesUpdate", 64, io_uring_prep_files_update(s, P(A), 3, 11));
  VECTOR("filesUpdate allocate", 64, io_uring_prep_files_update(s, P(A), 3, 11); SET(off, 0xffffffff));
  BASE("statx", 64, io_uring_prep_statx(s, 5, P(A), 0, 0x7ff, P(B)));
  VECTOR("statx statxFlags", 64, io_uring_prep_statx(s, 5, P(A), 0, 0x7ff, P(B)); SET(statx_flags, 0x1000));
  VECTOR("statx working directory", 64, io_uring_prep_statx(s, 5, P(A), 0, 0x7ff, P(B)); SET(fd, AT_FDCWD));
  BASE("fadvise", 64, io_uring_prep_fadvise(s, 5, BIG, 4096, 3));
  VECTOR("fadvise fixed file", 64, io_uring_prep_fadvise(s, 5, BIG, 4096, 3); SET(fd, 6); ADD(flags, 1));
  VECTOR("fadvise length of 64 bits", 64, io_uring_prep_fadvise(s, 5, BIG, 4096, 3); SET(len, 0); SET(addr, 0x200000000));
  BASE("madvise", 64, io_uring_prep_madvise(s, P(A), 4096, 4));
  VECTOR("madvise length of 64 bits", 64, io_uring_prep_madvise(s, P(A), 4096, 4); SET(len, 0); SET(off, 0x200000000));
  BASE("openat2", 64, io_uring_prep_openat2(s, 5, P(A), P(B)));
  VECTOR("openat2 howLength", 64, io_uring_prep_openat2(s, 5, P(A), P(B)); SET(len, 32));
  VECTOR("openat2 directSlot", 64, io_uring_prep_openat2_direct(s, 5, P(A), P(B), 11));
  VECTOR("openat2 directSlot allocated", 64, io_uring_prep_openat2_direct(s, 5, P(A), P(B), 0xfffffffe));
  BASE("renameat", 64, io_uring_prep_renameat(s, 5, P(A), 8, P(B), 0));
  VECTOR("renameat renameFlags", 64, io_uring_prep_renameat(s, 5, P(A), 8, P(B), 0); SET(rename_flags, 1));
  VECTOR("renameat working directory", 64, io_uring_prep_renameat(s, AT_FDCWD, P(A), AT_FDCWD, P(B), 0));
  BASE("unlinkat", 64, io_uring_prep_unlinkat(s, 5, P(A), 0));
  VECTOR("unlinkat unlinkFlags", 64, io_uring_prep_unlinkat(s, 5, P(A), 0); SET(unlink_flags, 0x200));
  BASE("mkdirat", 64, io_uring_prep_mkdirat(s, 5, P(A), 0755));
  BASE("symlinkat", 64, io_uring_prep_symlinkat(s, P(A), 5, P(B)));
  BASE("linkat", 64, io_uring_prep_linkat(s, 5, P(A), 8, P(B), 0));
  VECTOR("linkat hardlinkFlags", 64, io_uring_prep_linkat(s, 5, P(A), 8, P(B), 0); SET(hardlink_flags, 0x400));
  BASE("fsetxattr", 64, io_uring_prep_fsetxattr(s, 5, P(A), P(B), 0, 16));
  VECTOR("fsetxattr fixed file", 64, io_uring_prep_fsetxattr(s, 5, P(A), P(B), 0, 16); SET(fd, 6); ADD(flags, 1));
  VECTOR("fsetxattr xattrFlags", 64, io_uring_prep_fsetxattr(s, 5, P(A), P(B), 0, 16); SET(xattr_flags, 1));
  BASE("setxattr", 64, io_uring_prep_setxattr(s, P(A), P(B), P(C), 0, 16));
  VECTOR("setxattr xattrFlags", 64, io_uring_prep_setxattr(s, P(A), P(B), P(C), 0, 16); SET(xattr_flags, 2));
  BASE("fgetxattr", 64, io_uring_prep_fgetxattr(s, 5, P(A), P(B), 16));
  VECTOR("fgetxattr fixed file", 64, io_uring_prep_fgetxattr(s, 5, P(A), P(B), 16); SET(fd, 6); ADD(flags, 1));
  BASE("getxattr", 64, io_uring_prep_getxattr(s, P(A), P(B), P(C), 16));
  BASE("fixedFdInstall", 64, SET(opcode, 54); SET(fd, 6); ADD(flags, 1));
  VECTOR("fixedFdInstall installFdFlags", 64, SET(opcode, 54); SET(fd, 6); ADD(flags, 1); SET(install_fd_flags, 1));
  BASE("ftruncate", 64, SET(opcode, 55); SET(fd, 5); SET(off, BIG));
  VECTOR("ftruncate fixed file", 64, SET(opcode, 55); SET(fd, 5); SET(off, BIG); SET(fd, 6); ADD(flags, 1));
  BASE("pipe", 64, SET(opcode, 62); SET(addr, A));
  VECTOR("pipe pipeFlags", 64, SET(opcode, 62); SET(addr, A); SET(pipe_flags, 0x80000));
  VECTOR("pipe directSlot", 64, SET(opcode, 62); SET(addr, A); SET(file_index, 12));
  VECTOR("pipe directSlot allocated", 64, SET(opcode, 62); SET(addr, A); SET(file_index, 0xffffffff));
}

static void sockets_1(struct io_uring_sqe *s) {
  BASE("sendmsg", 64, io_uring_prep_sendmsg(s, 5, P(A), 0));
  VECTOR("sendmsg fixed file", 64, io_uring_prep_sendmsg(s, 5, P(A), 0); SET(fd, 6); ADD(flags, 1));
  VECTOR("sendmsg msgFlags", 64, io_uring_prep_sendmsg(s, 5, P(A), 0); SET(msg_flags, 0x4000));
  VECTOR("sendmsg ioprio", 64, io_uring_prep_sendmsg(s, 5, P(A), 0); SET(ioprio, 1));
  BASE("recvmsg", 64, io_uring_prep_recvmsg(s, 5, P(A), 0));
  VECTOR("recvmsg fixed file", 64, io_uring_prep_recvmsg(s, 5, P(A), 0); SET(fd, 6); ADD(flags, 1));
  VECTOR("recvmsg msgFlags", 64, io_uring_prep_recvmsg(s, 5, P(A), 0); SET(msg_flags, 0x40));
  VECTOR("recvmsg ioprio", 64, io_uring_prep_recvmsg_multishot(s, 5, P(A), 0));
  VECTOR("recvmsg bufferGroup", 64, io_uring_prep_recvmsg(s, 5, P(A), 0); ADD(flags, 0x20); SET(buf_group, 9));
  BASE("accept", 64, io_uring_prep_accept(s, 5, NULL, NULL, 0));
  VECTOR("accept fixed file", 64, io_uring_prep_accept(s, 5, NULL, NULL, 0); SET(fd, 6); ADD(flags, 1));
  VECTOR("accept sockaddr", 64, io_uring_prep_accept(s, 5, NULL, NULL, 0); SET(addr, A));
  VECTOR("accept socklen", 64, io_uring_prep_accept(s, 5, P(A), P(B), 0));
  VECTOR("accept acceptFlags", 64, io_uring_prep_accept(s, 5, NULL, NULL, 0); SET(accept_flags, 0x800));
  VECTOR("accept ioprio", 64, io_uring_prep_multishot_accept(s, 5, NULL, NULL, 0));
  VECTOR("accept directSlot", 64, io_uring_prep_accept_direct(s, 5, NULL, NULL, 0, 11));
  VECTOR("accept directSlot allocated", 64, io_uring_prep_accept_direct(s, 5, NULL, NULL, 0, 0xfffffffe));
  BASE("connect", 64, io_uring_prep_connect(s, 5, P(A), 16));
  VECTOR("connect fixed file", 64, io_uring_prep_connect(s, 5, P(A), 16); SET(fd, 6); ADD(flags, 1));
  BASE("send", 64, io_uring_prep_send(s, 5, P(A), 4096, 0));
  VECTOR("send fixed file", 64, io_uring_prep_send(s, 5, P(A), 4096, 0); SET(fd, 6); ADD(flags, 1));
  VECTOR("send msgFlags", 64, io_uring_prep_send(s, 5, P(A), 4096, 0); SET(msg_flags, 0x100));
  VECTOR("send ioprio", 64, io_uring_prep_send(s, 5, P(A), 4096, 0); SET(ioprio, 0x20));
  VECTOR("send sockaddr", 64, io_uring_prep_send(s, 5, P(A), 4096, 0); io_uring_prep_send_set_addr(s, P(B), 16));
  VECTOR("send bufferGroup", 64, io_uring_prep_send(s, 5, NULL, 4096, 0); ADD(flags, 0x20); SET(buf_group, 9));
  BASE("recv", 64, io_uring_prep_recv(s, 5, P(A), 4096, 0));
  VECTOR("recv fixed file", 64, io_uring_prep_recv(s, 5, P(A), 4096, 0); SET(fd, 6); ADD(flags, 1));
  VECTOR("recv msgFlags", 64, io_uring_prep_recv(s, 5, P(A), 4096, 0); SET(msg_flags, 0x40));
  VECTOR("recv ioprio", 64, io_uring_prep_recv_multishot(s, 5, P(A), 4096, 0));
  VECTOR("recv bufferGroup", 64, io_uring_prep_recv(s, 5, NULL, 0, 0); ADD(flags, 0x20); SET(buf_group, 9));
  BASE("epollCtl", 64, io_uring_prep_epoll_ctl(s, 5, 8, 2, NULL));
  VECTOR("epollCtl event", 64, io_uring_prep_epoll_ctl(s, 5, 8, 1, P(A)));
  BASE("shutdown", 64, io_uring_prep_shutdown(s, 5, 2));
  VECTOR("shutdown fixed file", 64, io_uring_prep_shutdown(s, 5, 2); SET(fd, 6); ADD(flags, 1));
  BASE("socket", 64, io_uring_prep_socket(s, 2, 1, 0, 0));
  VECTOR("socket protocol", 64, io_uring_prep_socket(s, 2, 1, 0, 0); SET(len, 6));
  VECTOR("socket directSlot", 64, io_uring_prep_socket_direct(s, 2, 1, 0, 11, 0));
  VECTOR("socket directSlot allocated", 64, io_uring_prep_socket_direct_alloc(s, 2, 1, 0, 0));
  BASE("sendZc", 64, io_uring_prep_send_zc(s, 5, P(A), 4096, 0, 0));
  VECTOR("sendZc fixed file", 64, io_uring_prep_send_zc(s, 5, P(A), 4096, 0, 0); SET(fd, 6); ADD(flags, 1));
  VECTOR("sendZc msgFlags", 64, io_uring_prep_send_zc(s, 5, P(A), 4096, 0, 0); SET(msg_flags, 0x4000));
  VECTOR("sendZc ioprio", 64, io_uring_prep_send_zc(s, 5, P(A), 4096, 0, 0); SET(ioprio, 8));
  VECTOR("sendZc bufferIndex", 64, io_uring_prep_send_zc_fixed(s, 5, P(A), 4096, 0, 0, 7));
  VECTOR("sendZc sockaddr", 64, io_uring_prep_send_zc(s, 5, P(A), 4096, 0, 0); io_uring_prep_send_set_addr(s, P(B), 16));
  BASE("sendmsgZc", 64, io_uring_prep_sendmsg_zc(s, 5, P(A), 0));
  VECTOR("sendmsgZc fixed file", 64, io_uring_prep_sendmsg_zc(s, 5, P(A), 0); SET(fd, 6); ADD(flags, 1));
  VECTOR("sendmsgZc msgFlags", 64, io_uring_prep_sendmsg_zc(s, 5, P(A), 0); SET(msg_flags, 0x4000));
  VECTOR("sendmsgZc ioprio", 64, io_uring_prep_sendmsg_zc(s, 5, P(A), 0); SET(ioprio, 8));
  VECTOR("sendmsgZc bufferIndex", 64, io_uring_prep_sendmsg_zc(s, 5, P(A), 0); ADD(ioprio, 4); SET(buf_index, 7));
  BASE("bind", 64, SET(opcode, 56); SET(fd, 5); SET(addr, A); SET(addr2, 16));
  VECTOR("bind fixed file", 64, SET(opcode, 56); SET(fd, 5); SET(addr, A); SET(addr2, 16); SET(fd, 6); ADD(flags, 1));
  BASE("listen", 64, SET(opcode, 57); SET(fd, 5); SET(len, 128));
  VECTOR("listen fixed file", 64, SET(opcode, 57); SET(fd, 5); SET(len, 128); SET(fd, 6); ADD(flags, 1));
  BASE("recvZc", 64, SET(opcode, 58); SET(fd, 5); SET(ioprio, 2); SET(zcrx_ifq_idx, 3));
  VECTOR("recvZc fixed file", 64, SET(opcode, 58); SET(fd, 5); SET(ioprio, 2); SET(zcrx_ifq_idx, 3); SET(fd, 6); ADD(flags, 1));
  VECTOR("recvZc length", 64, SET(opcode, 58); SET(fd, 5); SET(ioprio, 2); SET(zcrx_ifq_idx, 3); SET(len, 65536));
  VECTOR("recvZc ioprio", 64, SET(opcode, 58); SET(fd, 5); SET(ioprio, 2); SET(zcrx_ifq_idx, 3); SET(ioprio, 3));
  BASE("epollWait", 64, SET(opcode, 59); SET(fd, 5); SET(addr, A); SET(len, 8));
  VECTOR("epollWait fixed file", 64, SET(opcode, 59); SET(fd, 5); SET(addr, A); SET(len, 8); SET(fd, 6); ADD(flags, 1));
}

static void control_1(struct io_uring_sqe *s) {
  BASE("pollAdd", 64, io_uring_prep_poll_add(s, 5, POLLIN));
  VECTOR("pollAdd fixed file", 64, io_uring_prep_poll_add(s, 5, POLLIN); SET(fd, 6); ADD(flags, 1));
  VECTOR("pollAdd pollFlags", 64, io_uring_prep_poll_add(s, 5, POLLIN); SET(len, 1));
  VECTOR("pollAdd events of 32 bits", 64, io_uring_prep_poll_add(s, 5, POLLIN); SET(poll32_events, 0x80000001));
  BASE("pollRemove", 64, io_uring_prep_poll_remove(s, BIG));
  VECTOR("pollRemove events", 64, io_uring_prep_poll_remove(s, BIG); SET(poll32_events, 4); SET(len, 2));
  VECTOR("pollRemove newUserData", 64, io_uring_prep_poll_remove(s, BIG); SET(off, 0x77); SET(len, 4));
  VECTOR("pollRemove events and newUserData", 64, io_uring_prep_poll_update(s, BIG, 0x77, 4, IORING_POLL_UPDATE_EVENTS | IORING_POLL_UPDATE_USER_DATA));
  VECTOR("pollRemove pollFlags", 64, io_uring_prep_poll_remove(s, BIG); SET(poll32_events, 4); SET(len, 3));
  BASE("timeout", 64, io_uring_prep_timeout(s, P(A), 0, 0));
  VECTOR("timeout count", 64, io_uring_prep_timeout(s, P(A), 0, 0); SET(off, 12));
  VECTOR("timeout timeoutFlags", 64, io_uring_prep_timeout(s, P(A), 0, 0); SET(timeout_flags, 0x41));
  VECTOR("timeout nanoseconds", 64, io_uring_prep_timeout(s, P(A), 0, 0); SET(addr, 1000000000000); SET(timeout_flags, 0x80));
  BASE("timeoutRemove", 64, io_uring_prep_timeout_remove(s, BIG, 0));
  VECTOR("timeoutRemove timespec", 64, io_uring_prep_timeout_update(s, P(A), BIG, 0));
  VECTOR("timeoutRemove nanoseconds", 64, io_uring_prep_timeout_remove(s, BIG, 0); SET(addr2, 5); SET(timeout_flags, 0x82));
  VECTOR("timeoutRemove timeoutFlags", 64, io_uring_prep_timeout_update(s, P(A), BIG, IORING_LINK_TIMEOUT_UPDATE));
  BASE("asyncCancel", 64, io_uring_prep_cancel64(s, BIG, 0));
  VECTOR("asyncCancel fd", 64, io_uring_prep_cancel_fd(s, 5, 0));
  VECTOR("asyncCancel fixed file", 64, io_uring_prep_cancel_fd(s, 6, IORING_ASYNC_CANCEL_FD_FIXED));
  VECTOR("asyncCancel opcode", 64, io_uring_prep_cancel64(s, 0, 0x20); SET(len, 22));
  VECTOR("asyncCancel fd and target", 64, io_uring_prep_cancel_fd(s, 5, 0); SET(addr, BIG); ADD(cancel_flags, 0x10));
  VECTOR("asyncCancel cancelFlags", 64, io_uring_prep_cancel64(s, BIG, 0); SET(cancel_flags, 1));
  BASE("linkTimeout", 64, io_uring_prep_link_timeout(s, P(A), 0));
  VECTOR("linkTimeout timeoutFlags", 64, io_uring_prep_link_timeout(s, P(A), 0); SET(timeout_flags, 1));
  VECTOR("linkTimeout nanoseconds", 64, io_uring_prep_link_timeout(s, P(A), 0); SET(addr, 5000); SET(timeout_flags, 0x80));
  BASE("provideBuffers", 64, io_uring_prep_provide_buffers(s, P(A), 4096, 16, 9, 2));
  BASE("removeBuffers", 64, io_uring_prep_remove_buffers(s, 16, 9));
  BASE("msgRing", 64, io_uring_prep_msg_ring(s, 5, 0, FOREIGN(0x42), 0));
  VECTOR("msgRing fixed file", 64, io_uring_prep_msg_ring(s, 5, 0, FOREIGN(0x42), 0); SET(fd, 6); ADD(flags, 1));
  VECTOR("msgRing result", 64, io_uring_prep_msg_ring(s, 5, 99, FOREIGN(0x42), 0));
  VECTOR("msgRing msgRingFlags", 64, io_uring_prep_msg_ring(s, 5, 0, FOREIGN(0x42), 0); SET(msg_ring_flags, 1));
  VECTOR("msgRing sourceSlot", 64, io_uring_prep_msg_ring(s, 5, 0, FOREIGN(0x42), 0); SET(addr, 1); SET(addr3, 6));
  VECTOR("msgRing directSlot", 64, io_uring_prep_msg_ring(s, 5, 0, FOREIGN(0x42), 0); SET(addr, 1); SET(addr3, 6); SET(file_index, 12));
  VECTOR("msgRing directSlot allocated", 64, io_uring_prep_msg_ring(s, 5, 0, FOREIGN(0x42), 0); SET(addr, 1); SET(addr3, 6); SET(file_index, 0xffffffff));
  VECTOR("msgRing cqeFlags", 64, io_uring_prep_msg_ring(s, 5, 0, FOREIGN(0x42), 0); SET(file_index, 0x10000); SET(msg_ring_flags, 2));
  BASE("uringCmd", 64, SET(opcode, 46); SET(fd, 5); SET(cmd_op, 0xc0de));
  VECTOR("uringCmd fixed file", 64, SET(opcode, 46); SET(fd, 5); SET(cmd_op, 0xc0de); SET(fd, 6); ADD(flags, 1));
  VECTOR("uringCmd uringCmdFlags", 64, SET(opcode, 46); SET(fd, 5); SET(cmd_op, 0xc0de); SET(uring_cmd_flags, 2));
  VECTOR("uringCmd bufferIndex", 64, SET(opcode, 46); SET(fd, 5); SET(cmd_op, 0xc0de); SET(uring_cmd_flags, 1); SET(buf_index, 7));
  VECTOR("uringCmd level", 64, SET(opcode, 46); SET(fd, 5); SET(cmd_op, 2); SET(level, 1); SET(optname, 8); SET(optlen, 4); SET(optval, A));
  VECTOR("uringCmd addr", 64, SET(opcode, 46); SET(fd, 5); SET(cmd_op, 0x1200); SET(addr, BIG); SET(addr3, 0x200000000));
  VECTOR("uringCmd cmd", 64, SET(opcode, 46); SET(fd, 5); SET(cmd_op, 0xc0de); payload(s, 16));
  VECTOR("uringCmd cmd of 80 bytes", 128, SET(opcode, 46); SET(fd, 5); SET(cmd_op, 0xc0de); payload(s, 80));
  BASE("waitid", 64, SET(opcode, 50); SET(fd, 1234); SET(len, 1); SET(file_index, 4));
  VECTOR("waitid info", 64, SET(opcode, 50); SET(fd, 1234); SET(len, 1); SET(file_index, 4); SET(addr2, A));
  BASE("futexWait", 64, SET(opcode, 51); SET(fd, 0x82); SET(addr, A); SET(addr2, 17); SET(addr3, 0xffffffff));
  BASE("futexWake", 64, SET(opcode, 52); SET(fd, 0x82); SET(addr, A); SET(addr2, 17); SET(addr3, 0xffffffff));
  BASE("futexWaitv", 64, SET(opcode, 53); SET(addr, A); SET(len, 3));
  BASE("nop128", 128, SET(opcode, 63); SET(fd, -1));
  VECTOR("nop128 nopFlags", 128, SET(opcode, 63); SET(fd, -1); SET(nop_flags, 0x10));
  VECTOR("nop128 fd", 128, SET(opcode, 63); SET(fd, -1); SET(nop_flags, 0x2); SET(fd, 5));
  VECTOR("nop128 fixed file", 128, SET(opcode, 63); SET(fd, -1); SET(nop_flags, 0x6); SET(fd, 6));
  VECTOR("nop128 result", 128, SET(opcode, 63); SET(fd, -1); SET(nop_flags, 0x1); SET(len, -22));
  VECTOR("nop128 bufferIndex", 128, SET(opcode, 63); SET(fd, -1); SET(nop_flags, 0x8); SET(buf_index, 7));
  VECTOR("nop128 extras", 128, SET(opcode, 63); SET(fd, -1); SET(nop_flags, 0x20); SET(off, BIG); SET(addr, BIG));
  BASE("uringCmd128", 128, SET(opcode, 64); SET(fd, 5); SET(cmd_op, 0xc0de));
  VECTOR("uringCmd128 fixed file", 128, SET(opcode, 64); SET(fd, 5); SET(cmd_op, 0xc0de); SET(fd, 6); ADD(flags, 1));
  VECTOR("uringCmd128 uringCmdFlags", 128, SET(opcode, 64); SET(fd, 5); SET(cmd_op, 0xc0de); SET(uring_cmd_flags, 2));
  VECTOR("uringCmd128 bufferIndex", 128, SET(opcode, 64); SET(fd, 5); SET(cmd_op, 0xc0de); SET(uring_cmd_flags, 1); SET(buf_index, 7));
  VECTOR("uringCmd128 cmd", 128, SET(opcode, 64); SET(fd, 5); SET(cmd_op, 0xc0de); payload(s, 80));
}

int main(void) {
  static _Alignas(64) unsigned char slot[128];
  struct io_uring_sqe *s = (struct io_uring_sqe *)slot;
  printf("{\n");
  transfers_1(s);
  transfers_2(s);
  files_1(s);
  sockets_1(s);
  control_1(s);
  printf("\n}\n");
  return 0;
}
