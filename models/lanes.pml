/*
 * The life of lanes: how clients attach them to workers and leave, and what becomes of them when a client or a worker
 * dies at any point whatever.
 *
 * A slot is a client's place in the pool: a state word, a parking word, an eventfd, and one lane to each worker. Clients
 * come one after another into the slots. A worker is replaced when it dies; its place has a state word and a generation.
 * The owner of the pool starts workers and clears up after dead clients; its thread does not die before the pool. Every
 * access to a shared word is one step, as in parking.pml, which proves how threads sleep; a lane is one operation deep.
 *
 * What is proved, whenever and in whatever order threads die:
 *   - the words of a lane are reset, and its slot is given away, only when no live worker holds the lane;
 *   - a worker takes SQEs only of the client for which it holds the lane;
 *   - each operation is settled exactly once, completed or abandoned, at the client that submitted it; what is reported
 *     as never begun was never submitted to a ring;
 *   - the memory of a dead client is reclaimed only when the kernel is at none of its operations;
 *   - nobody sleeps for ever: every client that lives ends, and in the end every slot is free.
 *
 * Chosen from outside: -DCLIENT_PARK and -DWORKER_PARK as in parking.pml, -DSLOTS, -DWORKERS, -DCLIENTS (how many come),
 * -DOPS (operations of each), -DCLIENT_DEATHS and -DWORKER_DEATHS (how many at most), -DNO_RESTART (a worker that died is
 * not replaced).
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
#ifndef SLOTS
#define SLOTS 1
#endif
#ifndef WORKERS
#define WORKERS 1
#endif
#ifndef CLIENTS
#define CLIENTS 2
#endif
#ifndef OPS
#define OPS 1
#endif
#ifndef CLIENT_DEATHS
#define CLIENT_DEATHS 0
#endif
#ifndef WORKER_DEATHS
#define WORKER_DEATHS 0
#endif

#if SLOTS == 1
#define EACH_SLOT(step) step(0)
#else
#define EACH_SLOT(step) step(0); step(1)
#endif
#if WORKERS == 1
#define EACH_WORKER(step) step(0)
#else
#define EACH_WORKER(step) step(0); step(1)
#endif

#define LANES (SLOTS * WORKERS)
#define LANE(s, w) ((s) * WORKERS + (w))
#define THREADS (WORKERS + SLOTS)
#define THREAD_OF_SLOT(s) (WORKERS + (s))
#define OPERATIONS (CLIENTS * OPS)
/* 0 is no operation. */
#define OPERATION(client, k) ((client) * OPS + (k) + 1)
#define CLIENT_OF(operation) (((operation) - 1) / OPS)

/* Parking, as in parking.pml. */
#define AWAKE 0
#define PARKED 1
#define WAITING 2
byte word[THREADS];
bool bell[THREADS];
bool dozing[THREADS];
bool ownerBell;

/* The state of a slot. */
#define FREE 0
#define LIVE 1
#define DEAD 2
byte slotState[SLOTS];

/* The state of a worker's place. It starts with generation 1. DEAD is as above. */
#define STARTING 0
#define UP 1
byte workerState[WORKERS];
byte generation[WORKERS];
/* `worker.lanes`, the count that is raised by whoever has changed an `attach` word of this worker's, and that the worker
 * remembers: whether the two differ. To remember the count is to set this to false. */
bool changed[WORKERS];

/* The lanes. `attach` is the client's: the generation that is to hold the lane, or 0. `attached` is the worker's answer. */
byte attach[LANES];
byte attached[LANES];
byte sqTail[LANES];
byte sqHead[LANES];
byte cqTail[LANES];
byte cqHead[LANES];
byte sqe[LANES];
byte cqe[LANES];

/* What the worker and its kernel hold: the lane, for which client (plus 1), and the operation that is in the ring. */
bool held[LANES];
byte heldFor[LANES];
byte inRing[LANES];
/* Whether the operation that the client has under way was submitted to the ring. */
bool begun[LANES];

/* What an observer sees. `user` is the client (plus 1) to whom a slot was given, until it is free again. */
byte user[SLOTS];
bool living[CLIENTS];
bool killedClient[CLIENTS];
bool killedWorker[WORKERS];
byte workerDeaths;

/*
 * K1 to K3, as in parking.pml. `listens` is whether the eventfd that the waker knows is the one that the sleeper watches:
 * always so, because an eventfd belongs to its place in the pool (a slot, a worker's place) and not to the thread that is
 * there at the moment. See BELL_PER_CLIENT and BELL_PER_GENERATION.
 */
inline wake(thread, listens) {
  if                                                      /* K1 */
  :: word[thread] == AWAKE
  :: atomic { word[thread] != AWAKE -> seen = word[thread] };
    if                                                    /* K2 */
    :: atomic { word[thread] == seen -> word[thread] = AWAKE };
      atomic {                                            /* K3 */
        if
        :: seen == PARKED && (listens) -> bell[thread] = true
        :: seen == WAITING -> dozing[thread] = false
        :: else
        fi;
        seen = AWAKE
      }
    :: atomic { word[thread] != seen -> seen = AWAKE }
    fi
  fi
}

/* ------------------------------------------------------------------------------------------------------- the worker */

#ifdef BELL_PER_CLIENT
/* Control: each client brings an eventfd of its own, and a worker rings the one of the client whose lane it held. When
 * the slot has passed to another client, it claims that one's sleep and rings the wrong eventfd. */
#define CLIENT_LISTENS(s) (bellOf[s] == user[s])
#define REMEMBER_BELL(s) bellOf[s] = user[s]
#else
#define REMEMBER_BELL(s) skip
#define CLIENT_LISTENS(s) true
#endif
#ifdef BELL_PER_GENERATION
/* Control: the same with an eventfd for each generation of a worker. */
#define WORKER_LISTENS(w) (with[w] == generation[w])
#else
#define WORKER_LISTENS(w) true
#endif

inline forget(s) {
  leaving[s] = false; head[s] = 0; tail[s] = 0
}

inline release(s) {
  held[LANE(s, w)] = false; heldFor[LANE(s, w)] = 0
}

inline drain(s) {
  inRing[LANE(s, w)] = 0
}

/* To let go of a lane: after this store the worker touches nothing of it. */
inline letGo(s) {
  atomic { attached[LANE(s, w)] = 0; forget(s); release(s) };
  wake(THREAD_OF_SLOT(s), CLIENT_LISTENS(s));
#ifndef E3_WAKES_NO_OWNER
  /* The client may have died, and then it is the owner who waits for this. */
  if
  :: slotState[s] == DEAD -> ownerBell = true
  :: slotState[s] != DEAD
  fi
#endif
}

/* The `attach` word of a lane may have changed. */
inline control(s) {
  if
  :: atomic { !held[LANE(s, w)] && attach[LANE(s, w)] == g };   /* B1 */
    attached[LANE(s, w)] = g;                             /* B2 */
    if
#ifdef NO_B3
    :: atomic {
#else
    :: atomic { attach[LANE(s, w)] == g ->                /* B3 */
#endif
        held[LANE(s, w)] = true;
        heldFor[LANE(s, w)] = user[s];
        REMEMBER_BELL(s);
        head[s] = sqHead[LANE(s, w)];
        tail[s] = cqTail[LANE(s, w)]
      };
      wake(THREAD_OF_SLOT(s), CLIENT_LISTENS(s))
#ifndef NO_B3
#ifdef B4_WAKES_NOBODY
    :: attach[LANE(s, w)] != g -> attached[LANE(s, w)] = 0
#else
    :: attach[LANE(s, w)] != g -> letGo(s)                /* B4: as E2 and E3 */
#endif
#endif
    fi
  :: atomic { held[LANE(s, w)] && attach[LANE(s, w)] != g -> leaving[s] = true }   /* E1 */
  :: held[LANE(s, w)] == (attach[LANE(s, w)] == g)
  fi
}

/* Moves what waits in a lane into the ring. The head is stored before the submission: what lies behind it never began. */
inline take(s) {
  if
  :: atomic { held[LANE(s, w)] && !leaving[s] && sqTail[LANE(s, w)] != head[s] ->
      operation = sqe[LANE(s, w)];
      assert(CLIENT_OF(operation) + 1 == heldFor[LANE(s, w)]);
      assert(heldFor[LANE(s, w)] == user[s]);
      assert(inRing[LANE(s, w)] == 0);
      head[s]++;
      busy = true
    };
    sqHead[LANE(s, w)] = head[s];
    atomic { inRing[LANE(s, w)] = operation; begun[LANE(s, w)] = true; operation = 0 }
  :: !held[LANE(s, w)] || leaving[s] || sqTail[LANE(s, w)] == head[s]
  fi
}

/* Brings a completion from the ring to the lane, when the kernel has one. */
inline complete(s) {
  if
  :: atomic { inRing[LANE(s, w)] != 0 ->
      assert(tail[s] - cqHead[LANE(s, w)] < 1);           /* an operation holds a number: there is room */
      cqe[LANE(s, w)] = inRing[LANE(s, w)];
      inRing[LANE(s, w)] = 0;
      tail[s]++;
      busy = true
    };
    cqTail[LANE(s, w)] = tail[s];
    wake(THREAD_OF_SLOT(s), CLIENT_LISTENS(s))
#if WORKER_PARK == PARK_EVENTFD
  :: true                                                 /* it is not there yet */
#else
  :: inRing[LANE(s, w)] == 0                              /* without a ring it is done at once */
#endif
  fi
}

inline leave(s) {
  if
#ifdef LEAVES_IN_FLIGHT
  :: leaving[s] -> letGo(s); busy = true                  /* E2, E3 */
  :: !leaving[s]
#else
  :: leaving[s] && inRing[LANE(s, w)] == 0 -> letGo(s); busy = true   /* E2, E3 */
  :: !leaving[s] || inRing[LANE(s, w)] != 0
#endif
  fi
}

inline lookAtLane(s) {
  if
  :: atomic { held[LANE(s, w)] && !leaving[s] && sqTail[LANE(s, w)] != head[s] -> found = true }
  :: !held[LANE(s, w)] || leaving[s] || sqTail[LANE(s, w)] == head[s]
  fi
}

inline greet(s) {
  REMEMBER_BELL(s);
  wake(THREAD_OF_SLOT(s), CLIENT_LISTENS(s))
}

inline ringClient(s) {
#ifdef DEATH_RINGS_ATTACHED
  /* Control: it rings those only whose lane it still has. One whose sleep it had claimed, after it had let go of the lane,
   * and whom it died before ringing, sleeps on with its parking word AWAKE, and nobody rings for it. */
  if
  :: attached[LANE(s, w)] == g -> bell[THREAD_OF_SLOT(s)] = true
  :: attached[LANE(s, w)] != g
  fi
#else
  bell[THREAD_OF_SLOT(s)] = true
#endif
}

#if SLOTS == 1
#define SOME_IN_RING (inRing[LANE(0, w)] != 0)
#else
#define SOME_IN_RING (inRing[LANE(0, w)] != 0 || inRing[LANE(1, w)] != 0)
#endif

proctype Worker(byte w) {
  byte g, operation, seen;
  byte head[SLOTS], tail[SLOTS];
#ifdef BELL_PER_CLIENT
  byte bellOf[SLOTS];
#endif
  bool leaving[SLOTS];
  bool found, busy;

endDead:
  /* It remembers the count of `lanes` before it stores UP: whoever attaches to it has seen UP, and raises the count after. */
  atomic { workerState[w] == STARTING -> g = generation[w]; changed[w] = false };
  {
    word[w] = AWAKE;
    workerState[w] = UP;                                  /* G3 */
    EACH_SLOT(greet);
    do
    :: true ->
      if
#ifdef COUNTS_AFTER_THE_LOOK
      :: changed[w] -> EACH_SLOT(control); changed[w] = false
#else
      :: atomic { changed[w] -> changed[w] = false }; EACH_SLOT(control)
#endif
      :: !changed[w]
      fi;
      EACH_SLOT(take);
      EACH_SLOT(complete);
      EACH_SLOT(leave);
      if
      :: atomic { busy -> busy = false }
      :: !busy ->
#if WORKER_PARK == PARK_EVENTFD
        word[w] = PARKED;                                 /* P1 */
#else
        word[w] = WAITING;                                /* P1 */
#endif
        EACH_SLOT(lookAtLane);                            /* P2 */
        if
        :: atomic { changed[w] -> found = true }
        :: !changed[w]
        fi;
        if
        :: atomic { found -> found = false; word[w] = AWAKE }   /* P3 */
        :: !found ->
#if WORKER_PARK == PARK_EVENTFD
endParked:
          if
          :: bell[w]
          :: SOME_IN_RING
          fi;
          word[w] = AWAKE;                                /* P4 */
          bell[w] = false
#else
          if
          :: atomic { word[w] == WAITING -> dozing[w] = true };
endWaiting: !dozing[w]
          :: word[w] != WAITING
          fi;
          word[w] = AWAKE                                 /* P4 */
#endif
        fi
      fi
    od
  } unless {
    killedWorker[w]
  };
  /* The JavaScript has ended, wherever it was. What follows is native code, and certain to run. */
#ifdef DEAD_BEFORE_THE_DRAIN
  atomic { workerState[w] = DEAD; EACH_SLOT(release) };
#endif
  atomic {                                                /* W1: the kernel is done with everything in the ring */
    EACH_SLOT(drain);
    EACH_SLOT(forget);
    seen = AWAKE; operation = 0; found = false; busy = false; dozing[w] = false
  };
  atomic {                                                /* W2 */
    workerState[w] = DEAD;
    EACH_SLOT(release);
    workerDeaths++;
    killedWorker[w] = false
  };
  EACH_SLOT(ringClient);                                  /* W3 */
  ownerBell = true;
  g = 0;
  goto endDead
}

/* ------------------------------------------------------------------------------------------------------- the client */

/* How a lane stands with its client. */
#define LOOSE 0
#define HELD 1
#define LEAVING 2

/*
 * Whether the worker that has the lane is dead: another generation has come, or is about to, or this one has died. The
 * generation is loaded first. A client that has attached to a generation has seen it UP, so DEAD, loaded after
 * the generation, can only mean this one.
 */
inline lookForDeath(w) {
  if
#ifdef DEATH_IS_A_STATE
  :: generation[w] == 0
  :: generation[w] != 0 ->
#else
  :: atomic { generation[w] != with[w] -> dead = true }
  :: generation[w] == with[w] ->
#endif
    if
    :: atomic { workerState[w] == DEAD -> dead = true }
    :: workerState[w] != DEAD
    fi
  fi
}

/* Attaches, if there is a worker to attach to. */
inline tryToAttach(w) {
#ifdef STATE_BEFORE_GENERATION
  /* Control: UP may be the one before's, and the generation that of a worker which has not started. The client takes
   * DEAD, which is the one before's as well, for the death of the worker that it then leaves, while that one starts. */
  if
  :: workerState[w] == UP -> with[w] = generation[w]; up = true
  :: workerState[w] != UP
  fi;
#else
  with[w] = generation[w];                                /* A1 */
  if
  :: atomic { workerState[w] == UP -> up = true }
#ifdef NO_RESTART
  :: atomic { workerState[w] == DEAD -> next = OPS }
  :: workerState[w] == STARTING
#else
  :: workerState[w] != UP
#endif
  fi;
#endif
  if
  :: !up
  :: up ->
    if                                                    /* A2 */
    :: attached[LANE(s, w)] == 0
    :: atomic { attached[LANE(s, w)] != 0 && attached[LANE(s, w)] != with[w] -> stale = true }
    /* A worker that saw the last client's `attach` late: it lets go at once. */
    :: atomic { attached[LANE(s, w)] == with[w] -> up = false }
    fi;
    if
    :: !up
    :: up ->
      atomic {
        assert(!held[LANE(s, w)]);
        assert(attach[LANE(s, w)] == 0);
        sqTail[LANE(s, w)] = 0; sqHead[LANE(s, w)] = 0; cqTail[LANE(s, w)] = 0; cqHead[LANE(s, w)] = 0;
        tail[w] = 0; head[w] = 0;
        up = false
      };
      if
#ifdef A2_ALWAYS_CLEARS
      /* Control: a worker that saw the last client's `attach` late stores `attached` between the look and this store, finds
       * the new client's `attach` when it looks again, and holds a lane that looks as if it did not. */
      :: true -> atomic { attached[LANE(s, w)] = 0; stale = false }
#else
      :: stale -> atomic { attached[LANE(s, w)] = 0; stale = false }
      :: !stale
#endif
      fi;
      attach[LANE(s, w)] = with[w];                       /* A3 */
      atomic { changed[w] = true; phase[w] = HELD };      /* A4 */
      wake(w, WORKER_LISTENS(w));                         /* A5 */
      moved = true
    fi
  fi
}

/* Takes the completion that is there. */
inline reap(w) {
  if
  :: atomic { cqTail[LANE(s, w)] != head[w] ->
      assert(busy[w] != 0 && cqe[LANE(s, w)] == busy[w]);   /* the one that is under way, once */
      busy[w] = 0;
      begun[LANE(s, w)] = false;
      head[w]++;
      moved = true
    };
    cqHead[LANE(s, w)] = head[w]
  :: cqTail[LANE(s, w)] == head[w]
  fi
}

inline loosen(w) {
  phase[w] = LOOSE; with[w] = 0; tail[w] = 0; head[w] = 0
}

/* The worker is dead. Nobody writes to the lane any more. */
inline abandon(w) {
  reap(w);                                                /* F1 */
  atomic {                                                /* F2 */
    if
    :: busy[w] != 0 ->
      /* What the worker's head has not passed never began, and may run elsewhere. */
      assert(sqHead[LANE(s, w)] == tail[w] || !begun[LANE(s, w)]);
      busy[w] = 0;
      begun[LANE(s, w)] = false
    :: else
    fi;
#ifdef NO_RESTART
    next = OPS;
#endif
    dead = false;
    moved = true
  };
  attach[LANE(s, w)] = 0;                                 /* F3 */
  atomic { attached[LANE(s, w)] = 0; loosen(w) }
}

inline serve(w) {
  if
  :: atomic { phase[w] == LOOSE && next < OPS }; tryToAttach(w)
  :: phase[w] == LOOSE && next == OPS
  :: phase[w] == HELD ->
    lookForDeath(w);
    if
    :: dead -> abandon(w)
    :: !dead ->
      reap(w);
      if
      :: busy[w] == 0 && next < OPS ->
        atomic { busy[w] = OPERATION(me, next); sqe[LANE(s, w)] = busy[w]; next++; tail[w]++ };
        sqTail[LANE(s, w)] = tail[w];
        wake(w, WORKER_LISTENS(w))
      /* It may have no use for the lane any more, or never have had. */
      :: busy[w] == 0 ->
        next = OPS;
        attach[LANE(s, w)] = 0;                           /* D1 */
        atomic { changed[w] = true; phase[w] = LEAVING };   /* D2 */
        wake(w, WORKER_LISTENS(w))                        /* D3 */
      :: busy[w] != 0
      fi
    fi
  :: phase[w] == LEAVING ->                               /* D4 */
    lookForDeath(w);
    if
    :: atomic { dead -> dead = false; loosen(w) }
    :: !dead ->
      if
      :: atomic { attached[LANE(s, w)] == 0 -> loosen(w) }
      :: attached[LANE(s, w)] != 0
      fi
    fi
  fi
}

/* The second look, at everything that the client waits for. */
inline look(w) {
  if
  :: phase[w] == LOOSE && next < OPS ->
    with[w] = generation[w];
    if
    :: workerState[w] == UP ->
      if
      :: atomic { attached[LANE(s, w)] != with[w] -> found = true }
      :: attached[LANE(s, w)] == with[w]
      fi
#ifdef NO_RESTART
    :: atomic { workerState[w] == DEAD -> found = true }
    :: workerState[w] == STARTING
#else
    :: workerState[w] != UP
#endif
    fi;
    with[w] = 0
  :: phase[w] == LOOSE && next == OPS
  :: phase[w] != LOOSE ->
    lookForDeath(w);
    if
    :: atomic { dead -> dead = false; found = true }
    :: !dead ->
      if
      :: atomic { phase[w] == HELD && cqTail[LANE(s, w)] != head[w] -> found = true }
      :: atomic { phase[w] == LEAVING && attached[LANE(s, w)] == 0 -> found = true }
      :: !((phase[w] == HELD && cqTail[LANE(s, w)] != head[w]) || (phase[w] == LEAVING && attached[LANE(s, w)] == 0))
      fi
    fi
  fi
}

#if WORKERS == 1
#define GONE (next == OPS && phase[0] == LOOSE)
#else
#define GONE (next == OPS && phase[0] == LOOSE && phase[1] == LOOSE)
#endif

inline assertUnused(w) {
  assert(!held[LANE(s, w)]);
  begun[LANE(s, w)] = false
}

inline assertSettled(w) {
  assert(busy[w] == 0)
}

inline giveAway(s) {
  EACH_WORKER(assertUnused);
  user[s] = 0;
  slotState[s] = FREE
}

/* A variable that nobody reads any more is set to 0, lest states differ by it. */
inline blank() {
  s = 0; next = 0; seen = 0; deathsSeen = 0; found = false; moved = false; up = false; stale = false; dead = false;
  hooked = false; living[me] = false; killedClient[me] = false
}

inline blankLane(w) {
  phase[w] = LOOSE; with[w] = 0; tail[w] = 0; head[w] = 0; busy[w] = 0
}

proctype Client(byte me) {
  byte s, next, seen, deathsSeen;
  byte phase[WORKERS], with[WORKERS], tail[WORKERS], head[WORKERS], busy[WORKERS];
  bool found, moved, up, stale, dead, hooked;

  {
    /* The pool gives it a free slot. */
    atomic {
      if
      :: slotState[0] == FREE -> s = 0
#if SLOTS > 1
      :: slotState[1] == FREE -> s = 1
#endif
      fi;
      assert(user[s] == 0);
      slotState[s] = LIVE;
      user[s] = me + 1;
      living[me] = true;
      hooked = true
    };
    word[THREAD_OF_SLOT(s)] = AWAKE;
    do
    :: GONE -> break
    :: !GONE ->
      EACH_WORKER(serve);
      if
      :: GONE -> moved = false
      :: atomic { !GONE && moved -> moved = false }
      :: !GONE && !moved ->
        if
#if CLIENT_PARK == PARK_EVENTFD || CLIENT_PARK == PARK_EITHER
        :: true ->
          word[THREAD_OF_SLOT(s)] = PARKED;               /* P1 */
          EACH_WORKER(look);                              /* P2 */
          if
          :: atomic { found -> found = false }            /* P3 */
          :: !found -> atomic { bell[THREAD_OF_SLOT(s)] -> bell[THREAD_OF_SLOT(s)] = false }
          fi
#endif
#if CLIENT_PARK == PARK_WAIT || CLIENT_PARK == PARK_EITHER
        :: true ->
          atomic { word[THREAD_OF_SLOT(s)] = WAITING; deathsSeen = workerDeaths };   /* P1 */
          EACH_WORKER(look);                              /* P2 */
          if
          :: atomic { found -> found = false }            /* P3 */
          :: !found ->
            if
            :: atomic { word[THREAD_OF_SLOT(s)] == WAITING -> dozing[THREAD_OF_SLOT(s)] = true };
              if
              :: !dozing[THREAD_OF_SLOT(s)]
#ifndef NO_SLICES
              /* It waits in slices. Only one in which a worker has died is modelled, so that the others hide nothing. */
              :: atomic { workerDeaths != deathsSeen -> dozing[THREAD_OF_SLOT(s)] = false }
#endif
              fi
            :: word[THREAD_OF_SLOT(s)] != WAITING
            fi
          fi;
          deathsSeen = 0
#endif
        fi;
        word[THREAD_OF_SLOT(s)] = AWAKE                   /* P4 */
      fi
    od;
    atomic {
      EACH_WORKER(assertSettled);
      giveAway(s);                                        /* D5 */
#ifdef HOOK_STAYS
    };
endLinger:
    false
#else
      blank();
      EACH_WORKER(blankLane)
    }
#endif
  } unless {
    /* The JavaScript has ended, wherever it was; the rest is native code. */
    killedClient[me] && hooked;
    atomic {                                              /* C1 */
      slotState[s] = DEAD;
      dozing[THREAD_OF_SLOT(s)] = false;
      blank();
      EACH_WORKER(blankLane)
    };
    ownerBell = true                                      /* C2 */
  }
}

/* -------------------------------------------------------------------------------------------------------- the owner */

inline restart(w) {
  if
#ifndef NO_RESTART
  :: workerState[w] == DEAD ->
    generation[w]++;                                      /* G1 */
    workerState[w] = STARTING                             /* G2 */
  :: workerState[w] != DEAD
#else
  :: true
#endif
  fi
}

/* In the dead client's stead. It may have died after it had claimed a worker's sleep and before it rang. */
inline leaveFor(w) {
  attach[LANE(s, w)] = 0;                                 /* O1: D1 */
  changed[w] = true;                                      /* O1: D2 */
#ifdef OWNER_CLAIMS
  wake(w, true)                                           /* D3 */
#else
#ifndef O2_DOES_NOT_STORE
  word[w] = AWAKE;                                        /* O2: rung whatever its parking word says */
#endif
  atomic { bell[w] = true; dozing[w] = false }
#endif
}

inline lookIfFree(w) {
#ifdef FREES_AT_ONCE
  skip
#else
  if                                                      /* O3 */
  :: attached[LANE(s, w)] == 0
  :: atomic { attached[LANE(s, w)] != 0 -> seen = attached[LANE(s, w)] };
    if
    :: generation[w] != seen
    :: generation[w] == seen ->
      if
      :: workerState[w] == DEAD
      :: atomic { workerState[w] != DEAD -> free = false }
      fi
    fi;
    seen = 0
  fi
#endif
}

inline assertDone(w) {
  assert(inRing[LANE(s, w)] == 0)
}

inline clearUp(slot) {
  if
  :: slotState[slot] == DEAD ->
    s = slot;
    if
    :: !left[s] -> EACH_WORKER(leaveFor); left[s] = true
    :: left[s]
    fi;
    free = true;
    EACH_WORKER(lookIfFree);
    if
    :: free ->
      atomic {                                            /* O4 */
        assert(user[s] != 0);
        assert(!living[user[s] - 1]);                     /* a slot is not taken from a client that lives */
        EACH_WORKER(assertDone);
        giveAway(s);
        left[s] = false;
        free = false
      }
    :: !free
    fi;
    s = 0
  :: slotState[slot] != DEAD
  fi
}

proctype Owner() {
  byte s, seen;
  bool left[SLOTS], free;

  do
  :: true ->
endListening:
    atomic { ownerBell -> ownerBell = false };
    EACH_WORKER(restart);
    EACH_SLOT(clearUp)
  od
}

/* Who dies, and when. A client's hook is native code as well: it runs when the thread ends, unless it was taken back. */
proctype Fate() {
  byte clients, workers;

  do
#if CLIENT_DEATHS > 0
  :: atomic { clients < CLIENT_DEATHS && living[0] && !killedClient[0] -> clients++; killedClient[0] = true }
#if CLIENTS > 1
  :: atomic { clients < CLIENT_DEATHS && living[1] && !killedClient[1] -> clients++; killedClient[1] = true }
#endif
#if CLIENTS > 2
  :: atomic { clients < CLIENT_DEATHS && living[2] && !killedClient[2] -> clients++; killedClient[2] = true }
#endif
#endif
#if WORKER_DEATHS > 0
  :: atomic { workers < WORKER_DEATHS && workerState[0] != DEAD && !killedWorker[0] -> workers++; killedWorker[0] = true }
#if WORKERS > 1
  :: atomic { workers < WORKER_DEATHS && workerState[1] != DEAD && !killedWorker[1] -> workers++; killedWorker[1] = true }
#endif
#endif
  :: break
  od
}

init {
  byte i;
  atomic {
    for (i : 0 .. WORKERS - 1) { generation[i] = 1; run Worker(i) };
    run Owner();
    for (i : 0 .. CLIENTS - 1) { run Client(i) };
    run Fate();
    i = 0
  };
  timeout;
  for (i : 0 .. SLOTS - 1) { assert(slotState[i] == FREE) }
}
