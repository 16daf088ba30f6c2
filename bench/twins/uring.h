/*
 * The io_uring ABI and one small ring for the C twins: our own definitions and raw system calls, so the twins
 * build on any distribution's headers and share no code with what they are measured against.
 * One thread owns the ring and all of its memory; nothing here is safe to call from a second one.
 */
#ifndef RINGPOOL_TWINS_URING_H
#define RINGPOOL_TWINS_URING_H

#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

#define SYS_URING_SETUP 425
#define SYS_URING_ENTER 426
#define SYS_URING_REGISTER 427

enum { OP_NOP = 0, OP_READ_FIXED = 4, OP_READ = 22 };
enum { SQE_FIXED_FILE = 1u << 0 };
enum { ENTER_GETEVENTS = 1u << 0, ENTER_REGISTERED_RING = 1u << 4 };
enum {
  SETUP_CQSIZE = 1u << 3,
  SETUP_SUBMIT_ALL = 1u << 7,
  SETUP_SINGLE_ISSUER = 1u << 12,
  SETUP_DEFER_TASKRUN = 1u << 13,
  SETUP_NO_SQARRAY = 1u << 16
};
enum {
  REG_BUFFERS = 0,
  REG_UNREGISTER_BUFFERS = 1,
  REG_FILES = 2,
  REG_RING_FDS = 20,
  REG_CLONE_BUFFERS = 30
};
#define MAP_OFF_SQ_RING 0ULL
#define MAP_OFF_SQES 0x10000000ULL

/* The rung our own ring stands on where the kernel allows it; the two sides must be set up alike. */
#define TOP_RUNG (SETUP_CQSIZE | SETUP_SUBMIT_ALL | SETUP_SINGLE_ISSUER | SETUP_DEFER_TASKRUN | SETUP_NO_SQARRAY)

struct sqe {
  uint8_t opcode, flags;
  uint16_t ioprio;
  int32_t fd;
  uint64_t off, addr;
  uint32_t len, op_flags;
  uint64_t user_data;
  uint16_t buf_index, personality;
  uint32_t file_index;
  uint64_t addr3, pad;
};
struct cqe {
  uint64_t user_data;
  int32_t res;
  uint32_t flags;
};
struct sq_offsets {
  uint32_t head, tail, ring_mask, ring_entries, flags, dropped, array, resv1;
  uint64_t user_addr;
};
struct cq_offsets {
  uint32_t head, tail, ring_mask, ring_entries, overflow, cqes, flags, resv1;
  uint64_t user_addr;
};
struct params {
  uint32_t sq_entries, cq_entries, flags, sq_thread_cpu, sq_thread_idle, features, wq_fd, resv[3];
  struct sq_offsets sq_off;
  struct cq_offsets cq_off;
};
struct ring_fd_update {
  uint32_t offset, resv;
  uint64_t data;
};
struct clone_buffers {
  uint32_t src_fd, flags, src_off, dst_off, nr, pad[3];
};

struct ring {
  int fd, enter_fd;
  uint32_t enter_flags, sq_mask, cq_mask, sq_tail, submitted, cq_head;
  uint32_t *khead_cq, *ktail_cq, *ktail_sq;
  struct sqe *sqes;
  struct cqe *cqes;
};

static inline void die(const char *what) {
  fprintf(stderr, "%s: %s\n", what, strerror(errno));
  exit(1);
}

static inline int ring_register(int fd, unsigned op, void *arg, unsigned count) {
  return (int)syscall(SYS_URING_REGISTER, fd, op, arg, count);
}

static inline void ring_open(struct ring *ring, unsigned entries, unsigned cq_entries, unsigned flags) {
  struct params p;
  memset(&p, 0, sizeof p);
  p.flags = flags;
  p.cq_entries = cq_entries;
  memset(ring, 0, sizeof *ring);
  ring->fd = (int)syscall(SYS_URING_SETUP, entries, &p);
  if (ring->fd < 0) die("io_uring_setup");
  size_t ring_bytes = p.cq_off.cqes + (size_t)p.cq_entries * sizeof(struct cqe);
  size_t sqe_bytes = (size_t)p.sq_entries * sizeof(struct sqe);
  int prot = PROT_READ | PROT_WRITE, map = MAP_SHARED | MAP_POPULATE;
  char *base = mmap(NULL, ring_bytes, prot, map, ring->fd, (off_t)MAP_OFF_SQ_RING);
  if (base == MAP_FAILED) die("mmap of the ring");
  ring->sqes = mmap(NULL, sqe_bytes, prot, map, ring->fd, (off_t)MAP_OFF_SQES);
  if (ring->sqes == MAP_FAILED) die("mmap of the SQEs");
  ring->sq_mask = *(uint32_t *)(base + p.sq_off.ring_mask);
  ring->cq_mask = *(uint32_t *)(base + p.cq_off.ring_mask);
  ring->ktail_sq = (uint32_t *)(base + p.sq_off.tail);
  ring->khead_cq = (uint32_t *)(base + p.cq_off.head);
  ring->ktail_cq = (uint32_t *)(base + p.cq_off.tail);
  ring->cqes = (struct cqe *)(base + p.cq_off.cqes);
  ring->enter_fd = ring->fd;
}

/* Enter by the ring's registered index: spares the kernel one fd look-up per call. */
static inline void ring_register_self(struct ring *ring) {
  struct ring_fd_update update = {.offset = UINT32_MAX, .data = (uint64_t)ring->fd};
  if (ring_register(ring->fd, REG_RING_FDS, &update, 1) != 1) die("io_uring_register(RING_FDS)");
  ring->enter_fd = (int)update.offset;
  ring->enter_flags = ENTER_REGISTERED_RING;
}

static inline struct sqe *ring_push(struct ring *ring) {
  struct sqe *sqe = &ring->sqes[ring->sq_tail++ & ring->sq_mask];
  memset(sqe, 0, sizeof *sqe);
  return sqe;
}

/* Publishes what was pushed and enters once; waits for `wanted` completions when that is not 0. */
static inline void ring_enter(struct ring *ring, unsigned wanted, unsigned flags) {
  unsigned count = ring->sq_tail - ring->submitted;
  __atomic_store_n(ring->ktail_sq, ring->sq_tail, __ATOMIC_RELEASE); /* pairs with the kernel's load of the tail */
  long done;
  do {
    done = syscall(SYS_URING_ENTER, ring->enter_fd, count, wanted, flags | ring->enter_flags, NULL, 0);
  } while (done < 0 && errno == EINTR);
  if (done < 0) die("io_uring_enter");
  ring->submitted += (unsigned)done;
}

static inline unsigned ring_ready(const struct ring *ring) {
  /* Pairs with the kernel's release of the completion queue's tail. */
  return __atomic_load_n(ring->ktail_cq, __ATOMIC_ACQUIRE) - ring->cq_head;
}

static inline const struct cqe *ring_peek(struct ring *ring) { return &ring->cqes[ring->cq_head++ & ring->cq_mask]; }

static inline void ring_advance(struct ring *ring) {
  __atomic_store_n(ring->khead_cq, ring->cq_head, __ATOMIC_RELEASE); /* hands the entries back to the kernel */
}

static inline double now_seconds(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

static inline double cpu_seconds(void) {
  struct rusage u;
  getrusage(RUSAGE_SELF, &u);
  return (double)(u.ru_utime.tv_sec + u.ru_stime.tv_sec) + (double)(u.ru_utime.tv_usec + u.ru_stime.tv_usec) * 1e-6;
}

/* The value of `name=value` among the arguments, or the fallback. */
static inline const char *argument(int argc, char **argv, const char *name, const char *fallback) {
  size_t length = strlen(name);
  for (int i = 1; i < argc; i++)
    if (strncmp(argv[i], name, length) == 0 && argv[i][length] == '=') return argv[i] + length + 1;
  return fallback;
}

static inline double number(int argc, char **argv, const char *name, double fallback) {
  const char *text = argument(argc, argv, name, NULL);
  return text ? strtod(text, NULL) : fallback;
}

static inline uint32_t next_random(uint32_t *state) {
  uint32_t x = *state;
  x ^= x << 13;
  x ^= x >> 17;
  x ^= x << 5;
  return *state = x;
}

static inline void *pages(size_t bytes) {
  void *memory = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (memory == MAP_FAILED) die("mmap");
  memset(memory, 1, bytes);
  return memory;
}

static inline void print_sample(uint64_t ops, double seconds, double cpu, uint64_t bytes) {
  printf("{\"ops\":%llu,\"seconds\":%.6f,\"cpuSeconds\":%.6f,\"bytes\":%llu}\n", (unsigned long long)ops, seconds, cpu,
         (unsigned long long)bytes);
}

#endif
