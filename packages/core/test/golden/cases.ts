// All golden cases with their vectors, for the tests of the encoders and of the decoder.
import { readFileSync } from 'node:fs';
import type { Operation } from '../../src/sqe/operations.ts';
import { controlCases } from './cases-control.ts';
import { filesCases } from './cases-files.ts';
import { socketsCases } from './cases-sockets.ts';
import { transfersCases } from './cases-transfers.ts';

/** What vectors.c writes into user_data. */
export const USER_DATA = 0x0123_4567_89ab_cdefn;
/** What vectors.c adds to the vectors with options: IOSQE_IO_LINK | IOSQE_ASYNC, and a personality. */
const OPTIONS = { flags: 0x14, personality: 0x55aa };
const SUFFIX = ' with options';

export interface GoldenCase {
  readonly label: string;
  readonly operation: Operation;
  /** The bytes in hexadecimal, as the C program prints them. */
  readonly bytes: string;
}

const operations: { readonly [label: string]: Operation } = {
  ...transfersCases,
  ...filesCases,
  ...socketsCases,
  ...controlCases,
};

export const vectors = JSON.parse(readFileSync(new URL('vectors.json', import.meta.url), 'utf8')) as {
  readonly [label: string]: string;
};

/** Every vector with the operation it stands for. */
export function goldenCases(): readonly GoldenCase[] {
  return Object.entries(vectors).map(([label, bytes]) => {
    const operation = operations[label.replace(SUFFIX, '')];
    if (operation === undefined) throw new Error(`vectors.c prints '${label}', for which there is no case`);
    return {
      label,
      bytes,
      operation: {
        ...operation,
        ...(label.endsWith(SUFFIX) ? OPTIONS : {}),
        userData: USER_DATA,
      } as Operation,
    };
  });
}

/** Labels of cases for which the C program prints nothing. */
export function casesWithoutVector(): readonly string[] {
  return Object.keys(operations).filter((label) => vectors[label] === undefined);
}
