/*
 * The doorbell: how threads that share queues sleep without losing a wake-up.
 *
 * Clients hand operations to workers through one pair of queues (a lane) for each client and worker, and workers hand
 * completions back. Every access to a shared word is sequentially consistent, as JavaScript's Atomics are, so each is one
 * step here; the entries of the queues are plain memory, ordered by the tails. Attaching lanes and dying threads are
 * the matter of lanes.pml.
 *
 * What is proved, for each way to sleep: nobody sleeps for ever while there is something for it (no invalid end state;
 * the clients end only when every operation has completed, the workers only when they are told to stop), and every
 * operation completes exactly once, at the client that submitted it (the assertions).
 *
 * How threads sleep is chosen from outside:
 *   -DCLIENT_PARK=PARK_EVENTFD   clients wait in the event loop, which watches their eventfd
 *   -DCLIENT_PARK=PARK_WAIT      clients wait in Atomics.wait
 *   -DCLIENT_PARK=PARK_EITHER    now one, now the other, and an Atomics.wait in the midst of a turn of the event loop
 *   -DWORKER_PARK=PARK_EVENTFD   workers wait in io_uring_enter, with a poll on their eventfd in the ring
 *   -DWORKER_PARK=PARK_WAIT      workers without a ring wait in Atomics.wait
 * and how large it is: -DCLIENTS, -DWORKERS, -DOPS (operations of each client), -DDEPTH (of a lane).
 *
 * Negative controls, each of which must fail: see the places where they are tested for, and the README.
 */

#define PARK_EVENTFD 1
#define PARK_WAIT 2
#define PARK_EITHER 3

#ifndef CLIENT_PARK
#define CLIENT_PARK PARK_EVENTFD
#endif
#ifndef WORKER_PARK
#define WORKER_PARK PARK_EVENTFD
#endif
#ifndef CLIENTS
#define CLIENTS 2
#endif
#ifndef WORKERS
#define WORKERS 1
#endif
#ifndef OPS
#define OPS 2
#endif
#ifndef DEPTH
#define DEPTH 2
#endif

#define LANES (CLIENTS * WORKERS)
#define LANE(c, w) ((c) * WORKERS + (w))
/* Threads are numbered as the pool numbers their parking words: workers first, then clients. */
#define THREADS (WORKERS + CLIENTS)
#define THREAD_OF_CLIENT(c) (WORKERS + (c))
/* An operation carries its number through the queues; the number says whose it is. */
#define OPERATIONS (CLIENTS * OPS)
#define OPERATION(c, k) ((c) * OPS + (k))
#define CLIENT_OF(operation) ((operation) / OPS)

/* Values of a parking word. */
#define AWAKE 0
#define PARKED 1
#define WAITING 2

byte word[THREADS];
/* The eventfds. A counter that stays until it is read, and reading it takes all of it: only zero or not can be told. */
bool bell[THREADS];
/* Who sleeps inside Atomics.wait. A notify reaches those and no one else: it is not remembered. */
bool dozing[THREADS];

byte sqTail[LANES];
byte cqTail[LANES];
byte cqHead[LANES];
byte sqes[LANES * DEPTH];
byte cqes[LANES * DEPTH];
#define SQE(lane, index) sqes[(lane) * DEPTH + (index) % DEPTH]
#define CQE(lane, index) cqes[(lane) * DEPTH + (index) % DEPTH]

bool stopping[WORKERS];

/* What an observer sees of the operations. */
bool published[OPERATIONS];
bool completed[OPERATIONS];
byte completions;
byte finished;

/* Needs `seen`, which it leaves as AWAKE. */
inline ring(thread) {
  atomic {
    if
    :: seen == PARKED -> bell[thread] = true
    :: else -> dozing[thread] = false
    fi;
    seen = AWAKE
  }
}

/*
 * A waker, after it has stored a queue's tail or a control word. Needs a local `seen`, AWAKE before and after.
 *
 * The swap makes one waker responsible for each sleep, and it rings for that sleep only. Two ways to do without it:
 *
 * RING_THEN_STORE: load, ring, store AWAKE. The sleeper is rung awake, works, and parks again before the store comes:
 * the store claims a sleep that it was not meant for, the next waker reads AWAKE and leaves it unrung. In Atomics.wait it
 * takes less: a notify between the sleeper's look and its sleep reaches nobody.
 *
 * STORE_THEN_RING: load, store AWAKE, ring. This claims the wrong sleep as well, but rings for it in the same breath, so
 * as long as a thread sleeps in one way only, it costs a spurious wake-up and loses nothing: those configurations hold.
 * A thread that sleeps now on its eventfd and now in Atomics.wait is lost: the waker has read PARKED, the thread meanwhile
 * goes to sleep WAITING, the store claims that sleep, and the ring goes to the eventfd, to which nobody listens.
 */
inline wake(thread) {
  if                                                      /* K1 */
  :: word[thread] == AWAKE
  :: atomic { word[thread] != AWAKE -> seen = word[thread] };
#if defined(RING_THEN_STORE)
    ring(thread);
    word[thread] = AWAKE
#elif defined(STORE_THEN_RING)
    word[thread] = AWAKE;
    ring(thread)
#else
    if                                                    /* K2 */
    :: atomic { word[thread] == seen -> word[thread] = AWAKE };
      ring(thread)                                        /* K3 */
    :: atomic { word[thread] != seen -> seen = AWAKE }
    fi
#endif
  fi
}

/*
 * Atomics.wait(word, WAITING): to compare and to fall asleep is one step as far as a notify is concerned. Where it is
 * not (WAIT_DOES_NOT_COMPARE), the notify of a waker that has seen WAITING comes before the sleep, and is lost.
 */
inline atomicsWait(thread) {
#ifdef WAIT_DOES_NOT_COMPARE
  dozing[thread] = true;
  !dozing[thread]
#else
  if
  :: atomic { word[thread] == WAITING -> dozing[thread] = true }; !dozing[thread]
  :: word[thread] != WAITING                              /* 'not-equal' */
  fi
#endif
}

/* ------------------------------------------------------------------------------------------------------------------ */

/*
 * Hands one operation to a worker that has room. The tail comes first, the parking word second (WAKE_BEFORE_TAIL:
 * the worker reads the old tail after it was woken, and goes back to sleep).
 */
inline publish() {
  atomic {
    if
    :: inFlight[0] < DEPTH -> w = 0
#if WORKERS > 1
    :: inFlight[1] < DEPTH -> w = 1
#endif
    fi;
    SQE(LANE(c, w), tail[w]) = OPERATION(c, next);
    published[OPERATION(c, next)] = true;
    inFlight[w]++;
    inFlightSum++;
    next++;
    tail[w]++
  };
#ifdef WAKE_BEFORE_TAIL
  wake(w);
  atomic { sqTail[LANE(c, w)] = tail[w]; w = 0 }
#else
  sqTail[LANE(c, w)] = tail[w];
  wake(w);
  w = 0
#endif
}

/* Takes what has completed, from every worker, and then gives the room back. */
inline reap() {
  do
  :: atomic {
      w < WORKERS ->
      end = cqTail[LANE(c, w)];
      do
      :: head[w] != end ->
        operation = CQE(LANE(c, w), head[w]);
        assert(CLIENT_OF(operation) == c);                /* no completion is misrouted */
        assert(published[operation]);                     /* nor made up */
        assert(!completed[operation]);                    /* nor doubled */
        completed[operation] = true;
        completions++;
        inFlight[w]--;
        inFlightSum--;
        head[w]++
      :: else -> break
      od;
      end = 0;
      operation = 0
    };
    atomic { cqHead[LANE(c, w)] = head[w]; w++ }
  :: atomic { w == WORKERS -> w = 0; break }
  od
}

/* The second look: whether any queue holds something. */
inline lookAsClient() {
  do
  :: atomic { w < WORKERS && !found -> found = (cqTail[LANE(c, w)] != head[w]); w++ }
  :: atomic { w == WORKERS || found -> w = 0; break }
  od
}

#define MAY_PUBLISH (next < OPS && inFlightSum < WORKERS * DEPTH)

proctype Client(byte c) {
  byte next, inFlightSum, operation, end, w, seen;
  byte tail[WORKERS], head[WORKERS], inFlight[WORKERS];
  bool found, inEventLoop;

  do
  :: MAY_PUBLISH -> publish()
#if CLIENT_PARK == PARK_EVENTFD || CLIENT_PARK == PARK_EITHER
  :: inFlightSum > 0 ->
    word[THREAD_OF_CLIENT(c)] = PARKED;                   /* P1 */
#ifndef CLIENT_DOES_NOT_LOOK
    lookAsClient();                                       /* P2 */
#endif
    if
    :: atomic { found -> found = false }                  /* P3 */
    :: !found ->
listen:
      do
      :: atomic { bell[THREAD_OF_CLIENT(c)] -> bell[THREAD_OF_CLIENT(c)] = false }; break
      /* A timer, a socket: the event loop turns for another reason. Having asked to be rung, it need not ask again. */
      :: MAY_PUBLISH -> publish()
#if CLIENT_PARK == PARK_EITHER
      /* Something in that turn waits in Atomics.wait for what it submits. Its parking takes the place of the event loop's. */
      :: MAY_PUBLISH -> publish(); inEventLoop = true; goto wait
#endif
      od
    fi;
    word[THREAD_OF_CLIENT(c)] = AWAKE;                    /* P4 */
    reap()
#endif
#if CLIENT_PARK == PARK_WAIT || CLIENT_PARK == PARK_EITHER
  :: inFlightSum > 0 ->
wait:
    word[THREAD_OF_CLIENT(c)] = WAITING;                  /* P1 */
#ifndef CLIENT_DOES_NOT_LOOK
    lookAsClient();                                       /* P2 */
#endif
    if
    :: atomic { found -> found = false }                  /* P3 */
    :: !found -> atomicsWait(THREAD_OF_CLIENT(c))
    fi;
    word[THREAD_OF_CLIENT(c)] = AWAKE;                    /* P4 */
    reap();
#ifdef CLIENT_DOES_NOT_PARK_AGAIN
    /* The event loop takes itself to be parked still: it asked to be rung, before something waited in its midst. */
    if
    :: atomic { inEventLoop && inFlightSum > 0 -> inEventLoop = false }; goto listen
    :: atomic { !inEventLoop || inFlightSum == 0 -> inEventLoop = false }
    fi
#else
    inEventLoop = false
#endif
#endif
  :: inFlightSum == 0 && next == OPS -> break
  od;
  atomic {
    for (w : 0 .. OPS - 1) { assert(completed[OPERATION(c, w)]) };
    w = 0;
    finished++
  }
}

/* ------------------------------------------------------------------------------------------------------------------ */

/* Moves what clients have published into the ring: the kernel works on it from now on. */
inline take() {
  do
  :: atomic {
      c < CLIENTS ->
      end = sqTail[LANE(c, w)];
      do
      :: head[c] != end ->
        inRing[SQE(LANE(c, w), head[c])] = true;
        inRingSum++;
        head[c]++;
        busy = true
      :: else -> break
      od;
      end = 0;
      c++
    }
  :: atomic { c == CLIENTS -> c = 0; break }
  od
}

/*
 * When the kernel may complete an operation. In LONG_OPERATION the first one of client 0 is a read of a pipe that the
 * others fill: the kernel completes it when all of theirs have completed. So an operation in flight does not help
 * the worker out of a sleep for which its wake-up was lost.
 */
#ifdef LONG_OPERATION
#define MAY_COMPLETE(operation) (operation > 0 || completions >= OPERATIONS - OPS)
#define SOME_MAY_COMPLETE (inRingSum > inRing[0] || (inRing[0] && MAY_COMPLETE(0)))
#else
#define MAY_COMPLETE(operation) true
#define SOME_MAY_COMPLETE (inRingSum > 0)
#endif

/*
 * Reaps what the kernel has completed until now. All CQEs are written before a tail is stored, all tails before
 * anybody is woken.
 */
inline complete() {
  atomic {
    do
    :: operation < OPERATIONS ->
      if
      :: inRing[operation] && MAY_COMPLETE(operation) ->
        c = CLIENT_OF(operation);
        /* An operation holds a number, so there is room for its completion. */
        assert(tail[c] - cqHead[LANE(c, w)] < DEPTH);
        CQE(LANE(c, w), tail[c]) = operation;
        tail[c]++;
        inRing[operation] = false;
        inRingSum--;
        busy = true
#if WORKER_PARK == PARK_EVENTFD
      :: true                                             /* it is not there yet, or not ours, or done */
#else
      :: !inRing[operation]                               /* without a ring all are done at once */
#endif
      fi;
      operation++
    :: else -> break
    od;
    operation = 0;
    c = 0
  };
  do
  :: atomic { c < CLIENTS && tail[c] != told[c] -> cqTail[LANE(c, w)] = tail[c]; c++ }
  :: atomic { c < CLIENTS && tail[c] == told[c] -> c++ }
  :: atomic { c == CLIENTS -> c = 0; break }
  od;
  do
  :: atomic { c < CLIENTS && tail[c] != told[c] -> told[c] = tail[c] };
    wake(THREAD_OF_CLIENT(c));
    c++
  :: atomic { c < CLIENTS && tail[c] == told[c] -> c++ }
  :: atomic { c == CLIENTS -> c = 0; break }
  od
}

inline lookAsWorker() {
  found = stopping[w];
  do
  :: atomic { c < CLIENTS && !found -> found = (sqTail[LANE(c, w)] != head[c]); c++ }
  :: atomic { c == CLIENTS || found -> c = 0; break }
  od
}

proctype Worker(byte w) {
  byte operation, inRingSum, end, c, seen;
  byte head[CLIENTS], tail[CLIENTS], told[CLIENTS];
  bool inRing[OPERATIONS];
  bool found, busy;

  do
  :: stopping[w] -> break
  :: !stopping[w] ->
    take();
    complete();
    if
    :: atomic { busy -> busy = false }
    :: !busy ->
#if WORKER_PARK == PARK_EVENTFD
      word[w] = PARKED;                                   /* P1 */
#else
      word[w] = WAITING;                                  /* P1 */
#endif
#ifndef WORKER_DOES_NOT_LOOK
      lookAsWorker();                                     /* P2 */
#endif
      if
      :: atomic { found -> found = false; word[w] = AWAKE }   /* P3 */
      :: !found ->
#if WORKER_PARK == PARK_EVENTFD
        if
        :: bell[w]
        :: SOME_MAY_COMPLETE                              /* a completion of its own ring */
        fi;
        word[w] = AWAKE;                                  /* P4 */
        /* The poll on the eventfd is reaped like any completion, and only then is the eventfd read. */
        bell[w] = false
#else
        atomicsWait(w);
        word[w] = AWAKE                                   /* P4 */
#endif
      fi
    fi
  od;
  assert(inRingSum == 0)
}

/* The owner of the pool: when the clients are done it tells the workers to stop. */
init {
  byte w, seen;
  atomic {
    for (w : 0 .. WORKERS - 1) { run Worker(w) };
    for (w : 0 .. CLIENTS - 1) { run Client(w) };
    w = 0
  };
  finished == CLIENTS;
  do
  :: w < WORKERS ->
    stopping[w] = true;
    wake(w);
    w++
  :: else -> break
  od
}
