// All generated sources of this package as a map from path to text, before formatting.
// Pure: the table's parts come in as arguments, from the build or straight from the sources in a test.
import { emitArgs } from './emit-args.mjs';
import { emitDocs } from './emit-docs.mjs';
import { emitEncoders } from './emit-encoders.mjs';
import { emitEncode, emitOperations } from './emit-index.mjs';

/** What the parts are about; the order is that of the docs. */
export const PARTS = [
  { file: 'transfers', name: 'transferOpcodes', what: 'reads, writes and splices' },
  { file: 'vectors', name: 'vectorOpcodes', what: 'scattered reads and gathered writes' },
  { file: 'files', name: 'fileOpcodes', what: 'files and fixed slots' },
  { file: 'paths', name: 'pathOpcodes', what: 'names and attributes' },
  { file: 'sockets', name: 'socketOpcodes', what: 'the life of sockets, and epoll' },
  { file: 'messages', name: 'messageOpcodes', what: 'bytes and messages through sockets' },
  { file: 'control', name: 'controlOpcodes', what: 'the ring itself' },
  { file: 'signals', name: 'signalOpcodes', what: 'other rings, processes, futexes and drivers' },
];

/**
 * @param tables module namespace per part file: `{ transfers: { transferOpcodes }, ... }`
 * @param layout sqeFields
 * @returns paths from the repository's root, and texts
 */
export function generateSources(tables, layout) {
  const parts = PARTS.map((part) => ({ ...part, entries: tables[part.file][part.name] }));
  const sqe = 'packages/core/src/sqe';
  const files = new Map();
  for (const { file, what, entries } of parts) {
    files.set(`${sqe}/args/${file}.ts`, emitArgs(what, entries));
    files.set(`${sqe}/encode/${file}.ts`, emitEncoders(what, file, entries, layout));
  }
  files.set(`${sqe}/operations.ts`, emitOperations(parts));
  files.set(`${sqe}/encode.ts`, emitEncode(parts));
  files.set('docs/opcodes.md', emitDocs(parts, layout));
  return files;
}
