/*
 * NOPs in batches: the cost of the ring itself, with no I/O behind it.
 * Usage: nop [batch=64] [seconds=1.5] [warmup=0.5] [registered-ring=0]
 */
#include "uring.h"

/* The clock is read once for this many batches, on both sides. */
enum { BATCHES_PER_CLOCK = 16 };

static unsigned one_batch(struct ring *ring, unsigned batch, uint32_t *results) {
  for (unsigned i = 0; i < batch; i++) {
    struct sqe *sqe = ring_push(ring);
    sqe->opcode = OP_NOP;
    sqe->fd = -1;
    sqe->user_data = i;
  }
  ring_enter(ring, batch, ENTER_GETEVENTS);
  unsigned ready = ring_ready(ring);
  for (unsigned i = 0; i < ready; i++) {
    const struct cqe *cqe = ring_peek(ring);
    if (cqe->res != 0) die("a NOP failed");
    results[cqe->user_data]++;
  }
  ring_advance(ring);
  return ready;
}

static uint64_t run(struct ring *ring, unsigned batch, double seconds, uint32_t *results) {
  uint64_t ops = 0;
  double end = now_seconds() + seconds;
  do {
    for (int round = 0; round < BATCHES_PER_CLOCK; round++) ops += one_batch(ring, batch, results);
  } while (now_seconds() < end);
  return ops;
}

int main(int argc, char **argv) {
  unsigned batch = (unsigned)number(argc, argv, "batch", 64);
  double seconds = number(argc, argv, "seconds", 1.5);
  struct ring ring;
  ring_open(&ring, batch, batch * 2, TOP_RUNG);
  if (number(argc, argv, "registered-ring", 0) != 0) ring_register_self(&ring);
  uint32_t *results = calloc(batch, sizeof *results);
  run(&ring, batch, number(argc, argv, "warmup", 0.5), results);
  double cpu = cpu_seconds(), start = now_seconds();
  uint64_t ops = run(&ring, batch, seconds, results);
  double elapsed = now_seconds() - start;
  print_sample(ops, elapsed, cpu_seconds() - cpu, 0);
  return 0;
}
