// Which arguments are plain: what is not goes to Node, who knows what to make of it, or how to refuse it. Pure; any thread.

import { fileURLToPath } from 'node:url';

/** The kernel takes no longer paths (`PATH_MAX`, with the zero that ends it). */
const PATH_BYTES_MAX = 4095;

/** The path as a string; undefined when it is none, or a strange one. */
export function plainPath(path: unknown): string | undefined {
  const text = path instanceof URL ? pathOfUrl(path) : path;
  if (typeof text !== 'string' || text.length === 0 || text.includes('\0')) return undefined;
  return text.length * 3 <= PATH_BYTES_MAX || Buffer.byteLength(text) <= PATH_BYTES_MAX ? text : undefined;
}

function pathOfUrl(url: URL): string | undefined {
  try {
    return fileURLToPath(url);
  } catch {
    return undefined;
  }
}

/** The options by name: those that were given as a word are an encoding. Undefined when they are something else. */
export function plainOptions(options: unknown): Readonly<Record<string, unknown>> | undefined {
  if (options === undefined || options === null) return {};
  if (typeof options === 'string') return { encoding: options };
  return typeof options === 'object' && !Array.isArray(options)
    ? (options as Readonly<Record<string, unknown>>)
    : undefined;
}

/** Whether an encoding is one of Node's, or none. */
export function isEncoding(encoding: unknown): encoding is BufferEncoding | null | undefined {
  return (
    encoding === undefined ||
    encoding === null ||
    (typeof encoding === 'string' && Buffer.isEncoding(encoding))
  );
}
