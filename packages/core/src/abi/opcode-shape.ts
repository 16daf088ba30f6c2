// What an entry of the opcode table consists of. Types only: the table itself is data in opcode-table/*.ts, and the
// encoders, the decoder, the types of operations, the docs and the addon's pointer guard derive from it.
import type { SqeField } from './layout.ts';

/** Bits of a field of the SQE. `when`: only if one of these bits is set besides. */
export interface FieldBits {
  readonly field: SqeField;
  readonly bits: number;
  readonly when?: number;
}

/**
 * How an argument is written.
 *
 * - `file`: an `Fd` or a `FixedFile`; a fixed one sets `fixedBit` (`IOSQE_FIXED_FILE` unless said otherwise).
 * - `plain-file`, `fixed-file`: only the one or the other. `directory`: an `Fd` or `AT_FDCWD`.
 * - `closing-file`: an `Fd`, or a `FixedFile` that goes into `file_index` as slot + 1.
 * - `slot`: a fixed slot written as slot + 1, or `ALLOCATE_SLOT`; `raw-slot`, `source-slot`: written as it is.
 * - `offset`: 64 bits, -1 is the current position. `u64`: 64 bits. Both take a number or a bigint.
 * - `address`: 64 bits, of memory the kernel reads or writes, or of a range it is told about.
 * - `foreign-user-data`: 63 bits, bit 63 is set.
 * - `wide-length`: 32 bits in this field, or 64 in the field `wide`.
 * - `bytes`: the command payload at the end of the SQE.
 */
export type FieldKind =
  | 'file'
  | 'plain-file'
  | 'fixed-file'
  | 'directory'
  | 'closing-file'
  | 'slot'
  | 'raw-slot'
  | 'source-slot'
  | 'bufferIndex'
  | 'u16'
  | 'u31'
  | 'u32'
  | 'i32'
  | 'u64'
  | 'offset'
  | 'address'
  | 'foreign-user-data'
  | 'wide-length'
  | 'bytes';

/** One argument of an operation. */
export interface OpcodeField {
  /** The argument's name. */
  readonly arg: string;
  /** The field of the SQE it is written to. */
  readonly sqe: SqeField;
  readonly kind: FieldKind;
  /** True when it may be left out; it is then `default`, or 0. */
  readonly optional?: boolean;
  readonly default?: number;
  /** Arguments with the same choice exclude each other; unless optional, exactly one of them is required. */
  readonly choice?: string;
  /** Bits that giving this argument sets, so that presence and flag cannot disagree. */
  readonly sets?: FieldBits;
  /** The bit that says the file is a fixed one. */
  readonly fixedBit?: FieldBits;
  readonly wide?: SqeField;
  readonly doc: string;
}

/** How the kernel, and so the guard, knows the size of what a pointer points to. */
export type PointerSize =
  | { readonly rule: 'length'; readonly field: SqeField }
  | { readonly rule: 'wide-length'; readonly field: SqeField; readonly wide: SqeField }
  | { readonly rule: 'fixed'; readonly bytes: number }
  /** An array of `struct iovec`; each entry names further memory. */
  | { readonly rule: 'iovec'; readonly count: SqeField }
  | { readonly rule: 'array'; readonly count: SqeField; readonly itemBytes: number }
  /** `count` buffers of `field` bytes each. */
  | { readonly rule: 'buffers'; readonly count: SqeField; readonly field: SqeField }
  /** A string that ends with a zero byte, at most 4,096 bytes with it. */
  | { readonly rule: 'cstring' }
  /** `field` points to a `socklen_t` that holds the size. */
  | { readonly rule: 'socklen-pointer'; readonly field: SqeField }
  /** A `struct msghdr` of 56 bytes that names an iovec array, a name and control data. */
  | { readonly rule: 'msghdr' }
  /** `struct epoll_event`s: 12 bytes each on x86-64, 16 elsewhere; one when there is no count. */
  | { readonly rule: 'epoll-events'; readonly count?: SqeField }
  /** `struct futex_waitv`s of 24 bytes, each naming a futex word. */
  | { readonly rule: 'futex-waitv'; readonly count: SqeField }
  /** A `struct io_uring_attr_pi` of 32 bytes that names a protection-information buffer. */
  | { readonly rule: 'attribute-pi' }
  /** Only the driver behind the file knows. */
  | { readonly rule: 'unknown' };

/** One pointer of an operation: memory the kernel touches. */
export interface OpcodePointer {
  readonly sqe: SqeField;
  /** `in`: read by the kernel. `out`: written by it. */
  readonly direction: 'in' | 'out' | 'inout';
  readonly size: PointerSize;
  /** When the memory at the pointer may go: after submit, at completion, or when the buffer group lets go of it. */
  readonly until: 'submit' | 'completion' | 'removal';
  /** Zero means there is none. */
  readonly nullable?: boolean;
  /** The field is a pointer only if one of these bits is set. */
  readonly onlyWhen?: FieldBits;
  /** The field is no pointer if one of these bits is set. */
  readonly unless?: FieldBits;
  /** If one of these bits is set, it points to something else. */
  readonly instead?: { readonly when: FieldBits; readonly size: PointerSize };
}

/** What may be done after an error or a short result without asking the caller. */
export interface RetryRule {
  /** After EINTR or EAGAIN the same SQE may be submitted again. */
  readonly again: boolean;
  /** A short transfer is continued by another SQE, is a result of its own, or cannot happen. */
  readonly short: 'continue' | 'final' | 'none';
}

/** One operation of io_uring. */
export interface OpcodeEntry {
  /** The kernel's name. */
  readonly name: `IORING_OP_${string}`;
  /** The number in the SQE. */
  readonly value: number;
  /** The first kernel that knows it. */
  readonly kernel: string;
  /** 64, or 128 when it takes two slots. */
  readonly sqeBytes: 64 | 128;
  /** `hot`: a straight-line encoder with a checked one behind it. `custom`: written by hand. */
  readonly encoder: 'hot' | 'plain' | 'custom';
  readonly fields: readonly OpcodeField[];
  /** Fields with a value of their own that no argument changes. */
  readonly constants: { readonly [field in SqeField]?: number };
  readonly pointers: readonly OpcodePointer[];
  readonly retry: RetryRule;
  readonly notes: string;
}
