/*
 * Random reads of one size through one ring: submit up to `batch`, wait for one, take up to `batch` completions,
 * as fio does with iodepth_batch_submit and iodepth_batch_complete_max.
 * Usage: read file=PATH [bytes=4096] [depth=64] [batch=32] [fixed=1] [direct=0] [seconds=1.5] [warmup=0.5]
 *        [registered-ring=1]. fixed=1 is READ_FIXED with a registered file, fixed=0 is READ with a plain descriptor.
 */
#include "uring.h"

#include <sys/stat.h>

/* The clock is read once for this many rounds, on both sides. */
enum { ROUNDS_PER_CLOCK = 16 };

struct job {
  struct ring ring;
  unsigned bytes, depth, batch, fixed, in_flight, free_count;
  int fd;
  uint32_t block_mask, random;
  unsigned *free_slots;
  char *memory;
};

static void push_read(struct job *job) {
  unsigned slot = job->free_slots[--job->free_count];
  struct sqe *sqe = ring_push(&job->ring);
  sqe->opcode = job->fixed ? OP_READ_FIXED : OP_READ;
  sqe->flags = job->fixed ? SQE_FIXED_FILE : 0;
  sqe->fd = job->fixed ? 0 : job->fd;
  sqe->off = (uint64_t)(next_random(&job->random) & job->block_mask) * job->bytes;
  sqe->addr = (uint64_t)(uintptr_t)(job->memory + (size_t)slot * job->bytes);
  sqe->len = job->bytes;
  sqe->user_data = slot;
  job->in_flight++;
}

static unsigned reap(struct job *job) {
  unsigned ready = ring_ready(&job->ring);
  if (ready > job->batch) ready = job->batch;
  for (unsigned i = 0; i < ready; i++) {
    const struct cqe *cqe = ring_peek(&job->ring);
    if (cqe->res != (int32_t)job->bytes) {
      fprintf(stderr, "read: result %d instead of %u\n", cqe->res, job->bytes);
      exit(1);
    }
    job->free_slots[job->free_count++] = (unsigned)cqe->user_data;
  }
  ring_advance(&job->ring);
  job->in_flight -= ready;
  return ready;
}

static uint64_t run(struct job *job, double seconds) {
  uint64_t ops = 0;
  double end = now_seconds() + seconds;
  do {
    for (int round = 0; round < ROUNDS_PER_CLOCK; round++) {
      for (unsigned i = 0; i < job->batch && job->free_count > 0; i++) push_read(job);
      ring_enter(&job->ring, 1, ENTER_GETEVENTS);
      ops += reap(job);
    }
  } while (now_seconds() < end);
  return ops;
}

static void drain(struct job *job) {
  while (job->in_flight > 0) {
    ring_enter(&job->ring, 1, ENTER_GETEVENTS);
    reap(job);
  }
}

static void prepare(struct job *job, const char *path, int direct) {
  job->fd = open(path, O_RDONLY | (direct ? O_DIRECT : 0));
  if (job->fd < 0) die(path);
  struct stat st;
  if (fstat(job->fd, &st) != 0) die("fstat");
  uint64_t blocks = (uint64_t)st.st_size / job->bytes, rounded = 1;
  while (rounded * 2 <= blocks) rounded *= 2;
  job->block_mask = (uint32_t)(rounded - 1);
  job->random = 0x9e3779b9u;
  job->memory = pages((size_t)job->bytes * job->depth);
  job->free_slots = calloc(job->depth, sizeof *job->free_slots);
  for (unsigned i = 0; i < job->depth; i++) job->free_slots[job->free_count++] = i;
  ring_open(&job->ring, job->depth, job->depth * 2, TOP_RUNG);
  if (!job->fixed) return;
  struct iovec all = {.iov_base = job->memory, .iov_len = (size_t)job->bytes * job->depth};
  if (ring_register(job->ring.fd, REG_BUFFERS, &all, 1) < 0) die("io_uring_register(BUFFERS)");
  if (ring_register(job->ring.fd, REG_FILES, &job->fd, 1) < 0) die("io_uring_register(FILES)");
}

int main(int argc, char **argv) {
  struct job job;
  memset(&job, 0, sizeof job);
  job.bytes = (unsigned)number(argc, argv, "bytes", 4096);
  job.depth = (unsigned)number(argc, argv, "depth", 64);
  job.batch = (unsigned)number(argc, argv, "batch", 32);
  job.fixed = (unsigned)number(argc, argv, "fixed", 1);
  prepare(&job, argument(argc, argv, "file", ""), (int)number(argc, argv, "direct", 0));
  if (number(argc, argv, "registered-ring", 1) != 0) ring_register_self(&job.ring);
  run(&job, number(argc, argv, "warmup", 0.5));
  double cpu = cpu_seconds(), start = now_seconds();
  uint64_t ops = run(&job, number(argc, argv, "seconds", 1.5));
  double elapsed = now_seconds() - start, used = cpu_seconds() - cpu;
  drain(&job);
  print_sample(ops, elapsed, used, ops * job.bytes);
  return 0;
}
