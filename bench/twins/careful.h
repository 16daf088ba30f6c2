/*
 * The bookkeeping our ring does for safety, in C: operations have numbers and generations, SQEs are armed with their
 * user_data ahead of time, a stage pass looks at each SQE before the kernel does, and a CQE must carry the generation of
 * its slot. The NOP twin with it tells what safety costs; the one without, what C would do if nobody asked.
 */
#ifndef RINGPOOL_TWINS_CAREFUL_H
#define RINGPOOL_TWINS_CAREFUL_H

#include "uring.h"

enum { GENERATION_MASK = 0xfffff, SLOT_FREE = 1 << 30, CQE_F_MORE = 2, OPCODES_MAX = 256 };

struct slot_meta {
  uint32_t fixed_generation;
  uint8_t opcode;
};
struct book {
  uint32_t *slots, *free_slots;
  uint64_t *armed_user_data;
  struct slot_meta *meta;
  uint32_t sq_entries, cq_entries, free_count, armed, staged, settled;
  uint8_t traits[OPCODES_MAX]; /* not 0: the SQE must be looked at more closely */
};

static inline void book_open(struct book *book, unsigned sq_entries, unsigned cq_entries) {
  memset(book, 0, sizeof *book);
  book->sq_entries = sq_entries;
  book->cq_entries = cq_entries;
  book->slots = calloc(cq_entries, sizeof *book->slots);
  book->free_slots = calloc(cq_entries, sizeof *book->free_slots);
  book->armed_user_data = calloc(sq_entries, sizeof *book->armed_user_data);
  book->meta = calloc(cq_entries, sizeof *book->meta);
  for (uint32_t slot = 0; slot < cq_entries; slot++) {
    book->slots[slot] = SLOT_FREE;
    book->free_slots[book->free_count++] = cq_entries - 1 - slot;
  }
  for (int opcode = 1; opcode < OPCODES_MAX; opcode++) book->traits[opcode] = 1;
}

/* Gives free SQEs the user_data of free slots. `head` is how far the kernel has taken SQEs. */
static inline void book_arm(struct book *book, struct ring *ring, uint32_t head) {
  uint32_t room = book->sq_entries - (book->armed - head);
  for (uint32_t count = room < book->free_count ? room : book->free_count; count > 0; count--) {
    uint32_t slot = book->free_slots[--book->free_count];
    uint32_t generation = book->slots[slot] & GENERATION_MASK;
    book->slots[slot] = generation;
    uint64_t user_data = (uint64_t)generation << 32 | slot;
    book->armed_user_data[book->armed & ring->sq_mask] = user_data;
    ring->sqes[book->armed++ & ring->sq_mask].user_data = user_data;
  }
}

/* Looks at what was pushed before the kernel may. */
static inline void book_stage(struct book *book, struct ring *ring) {
  for (; book->staged != ring->sq_tail; book->staged++) {
    const struct sqe *sqe = &ring->sqes[book->staged & ring->sq_mask];
    uint64_t user_data = book->armed_user_data[book->staged & ring->sq_mask];
    if (sqe->user_data != user_data || book->traits[sqe->opcode]) die("an SQE that is no plain NOP");
    book->meta[(uint32_t)user_data] = (struct slot_meta){.fixed_generation = ~0u, .opcode = sqe->opcode};
  }
}

/* Frees the slots of the CQEs that have been reaped. */
static inline void book_settle(struct book *book, struct ring *ring) {
  for (; book->settled != ring->cq_head; book->settled++) {
    const struct cqe *cqe = &ring->cqes[book->settled & ring->cq_mask];
    uint32_t slot = (uint32_t)cqe->user_data;
    if ((cqe->flags & CQE_F_MORE) || slot >= book->cq_entries || book->slots[slot] != cqe->user_data >> 32) continue;
    book->slots[slot] = ((book->slots[slot] + 1) & GENERATION_MASK) | SLOT_FREE;
    book->free_slots[book->free_count++] = slot;
  }
}

#endif
