/*
 * Random reads that one thread asks for and `workers` others make, each with a ring of its own: our pool's lanes in C.
 * Requests and answers go through queues of one producer and one consumer; whoever sleeps says so first, and is rung by
 * an eventfd: the asking thread in epoll, a worker in read(2). `spin` is how long a worker looks for work before it
 * sleeps, in microseconds; `take` how many requests it takes at once.
 * Usage: workers file=PATH [bytes=65536] [depth=32] [workers=2] [take=32] [spin=0] [seconds=1.5] [warmup=0.5]
 */
#include "uring.h"

#include <pthread.h>
#include <stdatomic.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/stat.h>

enum { WORKERS_MAX = 16, QUEUE = 1024, AWAKE = 0, PARKED = 1 };

struct entry {
  uint64_t position;
  unsigned slot;
};

/* One direction of a lane. */
struct queue {
  _Alignas(64) _Atomic unsigned head;
  _Alignas(64) _Atomic unsigned tail;
  struct entry entries[QUEUE];
};

struct sleeper {
  _Alignas(64) _Atomic unsigned state;
  int bell;
};

struct worker {
  struct queue requests, answers;
  struct sleeper sleeper;
  struct job *job;
  pthread_t thread;
  unsigned in_flight, pushed;
};

struct job {
  struct worker workers[WORKERS_MAX];
  struct sleeper asker;
  unsigned bytes, depth, count, take;
  double spin;
  int fd, epoll;
  uint32_t block_mask, random;
  char *memory;
  _Atomic int stop;
};

static void wake(struct sleeper *sleeper) {
  unsigned parked = PARKED;
  if (!atomic_compare_exchange_strong(&sleeper->state, &parked, AWAKE)) return;
  uint64_t one = 1;
  if (write(sleeper->bell, &one, sizeof one) != sizeof one) die("write(eventfd)");
}

static void silence(struct sleeper *sleeper) {
  uint64_t rung;
  if (read(sleeper->bell, &rung, sizeof rung) != sizeof rung) die("read(eventfd)");
}

static unsigned ready(struct queue *queue) {
  return atomic_load(&queue->tail) - atomic_load(&queue->head);
}

static struct entry *at(struct queue *queue, unsigned index) { return &queue->entries[index % QUEUE]; }

static void serve(struct worker *worker, struct ring *ring, unsigned count) {
  struct job *job = worker->job;
  unsigned head = atomic_load(&worker->requests.head), tail = atomic_load(&worker->answers.tail);
  for (unsigned i = 0; i < count; i++) {
    struct entry *entry = at(&worker->requests, head + i);
    struct sqe *sqe = ring_push(ring);
    sqe->opcode = OP_READ_FIXED;
    sqe->flags = SQE_FIXED_FILE;
    sqe->off = entry->position;
    sqe->addr = (uint64_t)(uintptr_t)(job->memory + (size_t)entry->slot * job->bytes);
    sqe->len = job->bytes;
    sqe->user_data = entry->slot;
  }
  atomic_store(&worker->requests.head, head + count);
  ring_enter(ring, count, ENTER_GETEVENTS);
  for (unsigned i = 0; i < count; i++) {
    const struct cqe *cqe = ring_peek(ring);
    if (cqe->res != (int32_t)job->bytes) {
      fprintf(stderr, "workers: result %d instead of %u\n", cqe->res, job->bytes);
      exit(1);
    }
    at(&worker->answers, tail + i)->slot = (unsigned)cqe->user_data;
  }
  ring_advance(ring);
  atomic_store(&worker->answers.tail, tail + count);
}

static void *work(void *argument) {
  struct worker *worker = argument;
  struct job *job = worker->job;
  struct ring ring;
  ring_open(&ring, job->depth, job->depth * 2, TOP_RUNG);
  struct iovec all = {.iov_base = job->memory, .iov_len = (size_t)job->bytes * job->depth};
  if (ring_register(ring.fd, REG_BUFFERS, &all, 1) < 0) die("io_uring_register(BUFFERS)");
  if (ring_register(ring.fd, REG_FILES, &job->fd, 1) < 0) die("io_uring_register(FILES)");
  while (!job->stop) {
    unsigned count = ready(&worker->requests);
    if (count > 0) {
      serve(worker, &ring, count < job->take ? count : job->take);
      /* With more to do, a thread is woken for a batch. */
      if (count <= job->take || ready(&worker->answers) >= job->take) wake(&job->asker);
      continue;
    }
    if (job->spin > 0) {
      double until = now_seconds() + job->spin;
      while (ready(&worker->requests) == 0 && now_seconds() < until) __builtin_ia32_pause();
      if (ready(&worker->requests) > 0) continue;
    }
    atomic_store(&worker->sleeper.state, PARKED);
    unsigned parked = PARKED;
    if (ready(&worker->requests) > 0 || job->stop) {
      if (atomic_compare_exchange_strong(&worker->sleeper.state, &parked, AWAKE)) continue;
    }
    silence(&worker->sleeper);
  }
  return NULL;
}

static void ask(struct job *job, unsigned slot) {
  struct worker *least = &job->workers[0];
  for (unsigned i = 1; i < job->count; i++)
    if (job->workers[i].in_flight < least->in_flight) least = &job->workers[i];
  struct entry *entry = at(&least->requests, atomic_load(&least->requests.tail) + least->pushed++);
  entry->slot = slot;
  entry->position = (uint64_t)(next_random(&job->random) & job->block_mask) * job->bytes;
  least->in_flight++;
}

static void publish(struct job *job) {
  for (unsigned i = 0; i < job->count; i++) {
    struct worker *worker = &job->workers[i];
    if (worker->pushed == 0) continue;
    atomic_fetch_add(&worker->requests.tail, worker->pushed);
    worker->pushed = 0;
    wake(&worker->sleeper);
  }
}

static unsigned collect(struct job *job, unsigned *slots) {
  unsigned taken = 0;
  for (unsigned i = 0; i < job->count; i++) {
    struct worker *worker = &job->workers[i];
    unsigned count = ready(&worker->answers), head = atomic_load(&worker->answers.head);
    for (unsigned k = 0; k < count; k++) slots[taken++] = at(&worker->answers, head + k)->slot;
    atomic_store(&worker->answers.head, head + count);
    worker->in_flight -= count;
  }
  return taken;
}

static int answered(struct job *job) {
  for (unsigned i = 0; i < job->count; i++)
    if (ready(&job->workers[i].answers) > 0) return 1;
  return 0;
}

static void sleep_until_rung(struct job *job) {
  atomic_store(&job->asker.state, PARKED);
  unsigned parked = PARKED;
  if (answered(job) && atomic_compare_exchange_strong(&job->asker.state, &parked, AWAKE)) return;
  struct epoll_event event;
  while (epoll_wait(job->epoll, &event, 1, 1000) < 1) {}
  silence(&job->asker);
}

static uint64_t run(struct job *job, double seconds) {
  uint64_t ops = 0;
  unsigned *slots = calloc(job->depth, sizeof *slots), count = job->depth;
  for (unsigned i = 0; i < count; i++) slots[i] = i;
  double end = now_seconds() + seconds;
  for (unsigned in_flight = 0; count > 0 || in_flight > 0;) {
    if (now_seconds() < end) {
      for (unsigned i = 0; i < count; i++) ask(job, slots[i]);
      in_flight += count;
      publish(job);
    } else if (in_flight == 0) break;
    count = collect(job, slots);
    if (count == 0) {
      sleep_until_rung(job);
      count = collect(job, slots);
    }
    in_flight -= count;
    ops += count;
  }
  free(slots);
  return ops;
}

static void prepare(struct job *job, const char *path) {
  job->fd = open(path, O_RDONLY);
  if (job->fd < 0) die(path);
  struct stat st;
  if (fstat(job->fd, &st) != 0) die("fstat");
  uint64_t blocks = (uint64_t)st.st_size / job->bytes, rounded = 1;
  while (rounded * 2 <= blocks) rounded *= 2;
  job->block_mask = (uint32_t)(rounded - 1);
  job->random = 0x9e3779b9u;
  job->memory = pages((size_t)job->bytes * job->depth);
  job->epoll = epoll_create1(0);
  job->asker.bell = eventfd(0, 0);
  struct epoll_event event = {.events = EPOLLIN};
  if (epoll_ctl(job->epoll, EPOLL_CTL_ADD, job->asker.bell, &event) != 0) die("epoll_ctl");
  for (unsigned i = 0; i < job->count; i++) {
    struct worker *worker = &job->workers[i];
    worker->job = job;
    worker->sleeper.bell = eventfd(0, 0);
    if (pthread_create(&worker->thread, NULL, work, worker) != 0) die("pthread_create");
  }
}

int main(int argc, char **argv) {
  static struct job job;
  job.bytes = (unsigned)number(argc, argv, "bytes", 65536);
  job.depth = (unsigned)number(argc, argv, "depth", 32);
  job.count = (unsigned)number(argc, argv, "workers", 2);
  job.take = (unsigned)number(argc, argv, "take", 32);
  job.spin = number(argc, argv, "spin", 0) / 1e6;
  if (job.count > WORKERS_MAX || job.depth > QUEUE) {
    fprintf(stderr, "workers: at most %d workers, depth at most %d\n", WORKERS_MAX, QUEUE);
    return 1;
  }
  prepare(&job, argument(argc, argv, "file", ""));
  run(&job, number(argc, argv, "warmup", 0.5));
  double cpu = cpu_seconds(), start = now_seconds();
  uint64_t ops = run(&job, number(argc, argv, "seconds", 1.5));
  double elapsed = now_seconds() - start, used = cpu_seconds() - cpu;
  job.stop = 1;
  for (unsigned i = 0; i < job.count; i++) {
    wake(&job.workers[i].sleeper);
    pthread_join(job.workers[i].thread, NULL);
  }
  print_sample(ops, elapsed, used, ops * job.bytes);
  return 0;
}
