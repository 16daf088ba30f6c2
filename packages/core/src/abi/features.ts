// What each feature bit of io_uring_setup promises. Data, derived from IORING_FEAT; any thread.
import { IORING_FEAT } from './flags.ts';

/** The name of a feature, without `IORING_FEAT_`. */
export type FeatureName = keyof typeof IORING_FEAT;

/** The first kernel with each feature, and what it promises. Source: io_uring_setup(2). */
export const features: {
  readonly [name in FeatureName]: { readonly kernel: string; readonly promises: string };
} = {
  SINGLE_MMAP: { kernel: '5.4', promises: 'both rings lie in one mapping' },
  NODROP: { kernel: '5.5', promises: 'completions that do not fit are kept, not dropped' },
  SUBMIT_STABLE: { kernel: '5.5', promises: 'what an SQE points to for its arguments may go after submit' },
  RW_CUR_POS: { kernel: '5.6', promises: 'offset -1 uses the current position' },
  CUR_PERSONALITY: { kernel: '5.6', promises: 'operations run with the credentials of their submitter' },
  FAST_POLL: { kernel: '5.7', promises: 'sockets and pipes are polled, not handed to workers' },
  POLL_32BITS: { kernel: '5.9', promises: 'polls take 32 bits of events' },
  SQPOLL_NONFIXED: { kernel: '5.11', promises: 'a submission thread takes plain fds' },
  EXT_ARG: { kernel: '5.11', promises: 'io_uring_enter takes a timeout' },
  NATIVE_WORKERS: { kernel: '5.12', promises: 'workers are threads of the process' },
  RSRC_TAGS: { kernel: '5.13', promises: 'registered buffers and files carry tags' },
  CQE_SKIP: { kernel: '5.17', promises: 'IOSQE_CQE_SKIP_SUCCESS' },
  LINKED_FILE: { kernel: '5.17', promises: 'files are assigned when an operation of a chain starts' },
  REG_REG_RING: { kernel: '6.3', promises: 'io_uring_register takes a registered ring' },
  RECVSEND_BUNDLE: { kernel: '6.10', promises: 'sends and receives take bundles of provided buffers' },
  MIN_TIMEOUT: { kernel: '6.12', promises: 'waits take a least time' },
  RW_ATTR: { kernel: '6.14', promises: 'reads and writes take attributes' },
  NO_IOWAIT: { kernel: '6.15', promises: 'waits can be kept out of iowait' },
};

/**
 * The names of the features in a word that io_uring_setup returned. Bits without a name are left out.
 *
 * @example
 * ```ts
 * import { featureNames } from '@ringpool/core';
 *
 * console.assert(featureNames(0x3).join() === 'SINGLE_MMAP,NODROP');
 * ```
 */
export function featureNames(bits: number): readonly FeatureName[] {
  return (Object.keys(IORING_FEAT) as FeatureName[]).filter((name) => (bits & IORING_FEAT[name]) !== 0);
}
