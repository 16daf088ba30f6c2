/*
 * NOPs in batches: the cost of the ring itself, with no I/O behind it. NOPs complete inside the submission, so neither
 * side waits. careful=1 adds the bookkeeping of careful.h.
 * Usage: nop [batch=64] [seconds=1.5] [warmup=0.5] [registered-ring=1] [careful=0]
 */
#include "careful.h"
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
  ring_enter(ring, 0, ENTER_GETEVENTS);
  unsigned ready = ring_ready(ring);
  for (unsigned i = 0; i < ready; i++) {
    const struct cqe *cqe = ring_peek(ring);
    if (cqe->res != 0) die("a NOP failed");
    results[cqe->user_data]++;
  }
  ring_advance(ring);
  return ready;
}

static unsigned one_careful_batch(struct ring *ring, struct book *book, unsigned batch, uint32_t *results) {
  for (unsigned i = 0; i < batch; i++) {
    if (ring->sq_tail == book->armed) die("nothing is armed");
    struct sqe *sqe = &ring->sqes[ring->sq_tail++ & ring->sq_mask];
    uint64_t user_data = sqe->user_data;
    memset(sqe, 0, sizeof *sqe);
    sqe->opcode = OP_NOP;
    sqe->fd = -1;
    sqe->user_data = user_data;
  }
  book_settle(book, ring);
  ring_advance(ring);
  book_stage(book, ring);
  ring_enter(ring, 0, ENTER_GETEVENTS);
  book_arm(book, ring, ring->submitted);
  unsigned ready = ring_ready(ring);
  for (unsigned i = 0; i < ready; i++) {
    const struct cqe *cqe = ring_peek(ring);
    uint32_t slot = (uint32_t)cqe->user_data;
    if (slot >= book->cq_entries || book->slots[slot] != cqe->user_data >> 32 || (cqe->flags & CQE_F_MORE))
      die("a CQE of nobody's");
    if (cqe->res != 0) die("a NOP failed");
    results[slot]++;
  }
  return ready;
}

static uint64_t run(struct ring *ring, struct book *book, unsigned batch, double seconds, uint32_t *results) {
  uint64_t ops = 0;
  double end = now_seconds() + seconds;
  do {
    for (int round = 0; round < BATCHES_PER_CLOCK; round++) {
      ops += book ? one_careful_batch(ring, book, batch, results) : one_batch(ring, batch, results);
    }
  } while (now_seconds() < end);
  return ops;
}

int main(int argc, char **argv) {
  unsigned batch = (unsigned)number(argc, argv, "batch", 64);
  double seconds = number(argc, argv, "seconds", 1.5);
  struct ring ring;
  struct book book, *careful = NULL;
  ring_open(&ring, batch, batch * 2, TOP_RUNG);
  if (number(argc, argv, "registered-ring", 1) != 0) ring_register_self(&ring);
  if (number(argc, argv, "careful", 0) != 0) {
    book_open(&book, batch, batch * 2);
    book_arm(&book, &ring, 0);
    careful = &book;
  }
  uint32_t *results = calloc(batch * 2, sizeof *results);
  run(&ring, careful, batch, number(argc, argv, "warmup", 0.5), results);
  double cpu = cpu_seconds(), start = now_seconds();
  uint64_t ops = run(&ring, careful, batch, seconds, results);
  double elapsed = now_seconds() - start;
  print_sample(ops, elapsed, cpu_seconds() - cpu, 0);
  return 0;
}
