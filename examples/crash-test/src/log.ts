// A log of records in segments, each record durable when append() resolves. As short as such a thing can be, and, unless it is
// asked to sync its directory, wrong in a way that no test on a real disk is likely to show.
import { constants } from 'node:fs';
import { fd } from '@ringpool/core';
import type { File, Pool } from '@ringpool/pool';

const { O_CREAT, O_DIRECTORY, O_RDWR } = constants;
const RECORD_BYTES = 16;
const SEGMENT_RECORDS = 4;

const segmentOf = (record: number): string => `/log-${Math.floor(record / SEGMENT_RECORDS)}`;

async function sync(pool: Pool, file: File): Promise<void> {
  const { error } = await pool.submit({ op: 'fsync', fd: fd(file.fd) });
  if (error !== undefined) throw error;
}

/** Appends numbers to a new log, one after another. */
export class Log {
  readonly #pool: Pool;
  readonly #syncsDirectory: boolean;
  #segment: File | undefined;
  #records = 0;

  constructor(pool: Pool, syncsDirectory: boolean) {
    this.#pool = pool;
    this.#syncsDirectory = syncsDirectory;
  }

  async append(value: bigint): Promise<void> {
    const index = this.#records++;
    if (index % SEGMENT_RECORDS === 0) {
      await this.#segment?.close();
      this.#segment = await this.#pool.open(segmentOf(index), O_RDWR | O_CREAT);
      if (this.#syncsDirectory) {
        const directory = await this.#pool.open('/', O_DIRECTORY);
        await sync(this.#pool, directory);
        await directory.close();
      }
    }
    const segment = this.#segment as File;
    const record = new Uint8Array(new BigUint64Array([value, ~value]).buffer, 0, RECORD_BYTES);
    await segment.write(record, { position: (index % SEGMENT_RECORDS) * RECORD_BYTES });
    await sync(this.#pool, segment);
  }
}

/** The numbers that a log holds, up to the first record that is not whole. */
export async function recover(pool: Pool): Promise<bigint[]> {
  const values: bigint[] = [];
  for (;;) {
    const before = values.length;
    const contents = await pool.readFile(segmentOf(before)).catch(() => undefined);
    const words = new BigUint64Array(
      contents?.bytes.slice(0, SEGMENT_RECORDS * RECORD_BYTES).buffer ?? new ArrayBuffer(0),
    );
    contents?.release();
    for (
      let at = 0;
      at + 1 < words.length && words[at + 1] === BigInt.asUintN(64, ~(words[at] as bigint));
      at += 2
    )
      values.push(words[at] as bigint);
    if (values.length < before + SEGMENT_RECORDS) return values;
  }
}
