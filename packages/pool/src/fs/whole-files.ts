// Whole files: read in one trip, and written by open, write and close. Whatever goes wrong is Node's to tell: it is asked to do
// the same, which does no harm twice.

import type nodeFs from 'node:fs/promises';

import type { Pool } from '../pool/pool.ts';
import { isEncoding, plainOptions, plainPath } from './arguments.ts';
import { nodeError } from './node-errors.ts';

type NodeFs = typeof nodeFs;
type PoolOf = () => Promise<Pool | undefined>;

const READ_OPTIONS: ReadonlySet<string> = new Set(['encoding', 'flag']);
const WRITE_OPTIONS: ReadonlySet<string> = new Set(['encoding', 'mode', 'flag', 'flush']);

/** How a file is read; undefined when Node is to do it. */
function readingOf(options: unknown): { readonly encoding: BufferEncoding | undefined } | undefined {
  const plain = plainOptions(options);
  if (plain === undefined || !Object.keys(plain).every((key) => READ_OPTIONS.has(key))) return undefined;
  const { encoding, flag } = plain;
  if (!isEncoding(encoding) || (flag !== undefined && flag !== null && flag !== 'r')) return undefined;
  return { encoding: encoding ?? undefined };
}

async function isStream(name: string, node: NodeFs): Promise<boolean> {
  try {
    const found = await node.stat(name);
    return found.isFIFO() || found.isSocket() || found.isCharacterDevice();
  } catch {
    return false;
  }
}

/** `readFile`. */
export function readFileBy(poolOf: PoolOf, node: NodeFs): NodeFs['readFile'] {
  const readFile = async (path: unknown, options?: unknown): Promise<Buffer | string> => {
    const name = plainPath(path);
    const how = readingOf(options);
    const pool = name === undefined || how === undefined ? undefined : await poolOf();
    if (pool === undefined) return await node.readFile(path as string, options as BufferEncoding);
    let contents: Awaited<ReturnType<Pool['readFile']>>;
    try {
      contents = await pool.readFile(name as string);
    } catch (error) {
      // What a pipe has given is gone: it cannot be read again.
      if (await isStream(name as string, node)) throw nodeError(error, 'read');
      return await node.readFile(path as string, options as BufferEncoding);
    }
    try {
      const { bytes } = contents;
      const encoding = how?.encoding;
      if (encoding !== undefined) {
        return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString(encoding);
      }
      // Memory of its own, as Node's has.
      const buffer = Buffer.allocUnsafeSlow(bytes.byteLength);
      buffer.set(bytes);
      return buffer;
    } finally {
      contents.release();
    }
  };
  return readFile as NodeFs['readFile'];
}

interface Writing {
  readonly bytes: Uint8Array;
  readonly mode: number | undefined;
  readonly flag: 'w' | 'a' | 'wx' | 'ax';
}

function writingOf(data: unknown, options: unknown, usual: 'w' | 'a'): Writing | undefined {
  const plain = plainOptions(options);
  if (plain === undefined || !Object.keys(plain).every((key) => WRITE_OPTIONS.has(key))) return undefined;
  const { encoding, mode, flag = usual, flush } = plain;
  if (!isEncoding(encoding) || (flush !== undefined && flush !== null && flush !== false)) return undefined;
  const isMode =
    mode === undefined || (Number.isInteger(mode) && (mode as number) >= 0 && (mode as number) <= 0o7777);
  if (!isMode || (flag !== 'w' && flag !== 'a' && flag !== 'wx' && flag !== 'ax')) return undefined;
  const bytes = bytesOf(data, encoding ?? 'utf8');
  return bytes === undefined ? undefined : { bytes, mode: mode as number | undefined, flag };
}

function bytesOf(data: unknown, encoding: BufferEncoding): Uint8Array | undefined {
  if (typeof data === 'string') return Buffer.from(data, encoding);
  return ArrayBuffer.isView(data) ? new Uint8Array(data.buffer, data.byteOffset, data.byteLength) : undefined;
}

/** What is written again by Node when something has gone wrong is what was asked for; but not what is added twice. */
async function write(pool: Pool, name: string, { bytes, mode, flag }: Writing): Promise<boolean> {
  let file: Awaited<ReturnType<Pool['open']>>;
  try {
    file = await pool.open(name, flag, mode === undefined ? {} : { mode });
  } catch {
    return false;
  }
  try {
    if (bytes.length > 0) await file.write(bytes, flag.startsWith('a') ? {} : { position: 0 });
  } catch (error) {
    throw nodeError(error, 'write');
  } finally {
    await file.close();
  }
  return true;
}

/** `writeFile` and `appendFile`, which differ by their flag. */
export function writeFileBy<Name extends 'writeFile' | 'appendFile'>(
  name: Name,
  poolOf: PoolOf,
  node: NodeFs,
): NodeFs[Name] {
  const usual = name === 'writeFile' ? 'w' : 'a';
  const writeFile = async (path: unknown, data: unknown, options?: unknown): Promise<void> => {
    const file = plainPath(path);
    const how = file === undefined ? undefined : writingOf(data, options, usual);
    const pool = how === undefined ? undefined : await poolOf();
    const byNode = (): Promise<void> => node[name](path as string, data as string, options as BufferEncoding);
    if (pool === undefined || how === undefined) return await byNode();
    if (how.flag === 'w') {
      const done = await write(pool, file as string, how).catch(() => false);
      return done ? undefined : await byNode();
    }
    if (!(await write(pool, file as string, how))) await byNode();
  };
  return writeFile as NodeFs[Name];
}
