// A log of records in segments, each record durable when append() resolves. As short as such a thing can be, and, unless it is
// asked to sync its directory, wrong in a way that no test on a real disk is likely to show.
import { constants } from 'node:fs';
import { type File, fd, type Pool } from '@ringpool/pool';

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
    const record = Buffer.alloc(RECORD_BYTES);
    record.writeBigUInt64LE(value, 0);
    record.writeBigUInt64LE(BigInt.asUintN(64, ~value), 8);
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
    const bytes = Buffer.from(contents?.bytes ?? []);
    contents?.release();
    for (let at = 0; at + RECORD_BYTES <= bytes.length; at += RECORD_BYTES) {
      const value = bytes.readBigUInt64LE(at);
      if (bytes.readBigUInt64LE(at + 8) !== BigInt.asUintN(64, ~value)) return values;
      values.push(value);
    }
    if (values.length < before + SEGMENT_RECORDS) return values;
  }
}
