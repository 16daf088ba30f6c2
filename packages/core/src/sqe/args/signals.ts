// Arguments of the operations for other rings, processes, futexes and drivers.
// Generated from the opcode table by scripts/generate.mjs: change the table, then run it; a test compares.
import type { Address, AllocateSlot, BufferIndex, Fd, FixedFile } from '../values.ts';
import type { SqeOptions } from '../write.ts';

interface MsgRingFields extends SqeOptions {
  /** The target ring. */
  readonly fd: Fd | FixedFile;
  /**
   * User_data of the CQE in the target ring, below 2^63; bit 63 is set by the encoder, and marks it as foreign
   * there.
   */
  readonly targetUserData: number | bigint;
  /** `res` of that CQE. */
  readonly result?: number | undefined;
  /** `IORING_MSG_RING_CQE_SKIP`. */
  readonly msgRingFlags?: number | undefined;
  /** Fixed slot to send (6.0); makes the message `MSG_SEND_FD`. */
  readonly sourceSlot?: FixedFile | undefined;
}

/**
 * Arguments of `IORING_OP_MSG_RING` (Linux 5.18). Bit 63 of the user_data tells the target ring that the CQE is
 * not one of its own operations.
 */
export type MsgRingArgs = MsgRingFields &
  (
    | {
        /** Target slot of the file sent, or `ALLOCATE_SLOT`. */ readonly directSlot?:
          | FixedFile
          | AllocateSlot
          | undefined;
        readonly cqeFlags?: undefined;
      }
    | {
        /** `flags` of that CQE; sets `IORING_MSG_RING_FLAGS_PASS` (6.3). */ readonly cqeFlags?:
          | number
          | undefined;
        readonly directSlot?: undefined;
      }
  );

/** Arguments of `IORING_OP_WAITID` (Linux 6.7). */
export interface WaitidArgs extends SqeOptions {
  /** `P_ALL` 0, `P_PID` 1, `P_PGID` 2, `P_PIDFD` 3. */
  readonly idtype: number;
  /** The id. */
  readonly id: number;
  /** `W*` bits. */
  readonly options: number;
  /** Receives `siginfo_t`, 128 bytes. */
  readonly info?: Address | undefined;
}

/** Arguments of `IORING_OP_FUTEX_WAIT` (Linux 6.7). EAGAIN: the word did not hold the value. */
export interface FutexWaitArgs extends SqeOptions {
  /** `FUTEX2_*` bits, size included. */
  readonly futex2Flags: number;
  /** The futex word. */
  readonly futex: Address;
  /** Value expected. */
  readonly value: number | bigint;
  /** Bitset; 0xffffffff matches all. */
  readonly mask: number | bigint;
}

/** Arguments of `IORING_OP_FUTEX_WAKE` (Linux 6.7). */
export interface FutexWakeArgs extends SqeOptions {
  /** `FUTEX2_*` bits, size included. */
  readonly futex2Flags: number;
  /** The futex word. */
  readonly futex: Address;
  /** Most waiters to wake. */
  readonly count: number | bigint;
  /** Bitset; 0xffffffff matches all. */
  readonly mask: number | bigint;
}

/**
 * Arguments of `IORING_OP_FUTEX_WAITV` (Linux 6.7). `res` is the index woken. The words must live until
 * completion.
 */
export interface FutexWaitvArgs extends SqeOptions {
  /** `struct futex_waitv` array. */
  readonly waiters: Address;
  /** Its entries. */
  readonly count: number;
}

/** Arguments of `IORING_OP_NOP128` (Linux 6.19). Takes this slot and the next. Needs SETUP_SQE_MIXED or SQE128. */
export interface Nop128Args extends SqeOptions {
  /** `IORING_NOP_*` bits that no argument sets. */
  readonly nopFlags?: number | undefined;
  /** File to look up; sets `IORING_NOP_FILE`. */
  readonly fd?: Fd | FixedFile | undefined;
  /** The `res` the kernel reports; sets `IORING_NOP_INJECT_RESULT`. */
  readonly result?: number | undefined;
  /** Registered buffer to look up; sets `IORING_NOP_FIXED_BUFFER`. */
  readonly bufferIndex?: BufferIndex | undefined;
  /** First extra CQE word; needs `IORING_NOP_CQE32` in nopFlags. */
  readonly extra1?: number | bigint | undefined;
  /** Second extra CQE word; needs `IORING_NOP_CQE32` in nopFlags. */
  readonly extra2?: number | bigint | undefined;
}
