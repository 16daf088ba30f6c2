// Compiles vectors.c against the installed liburing headers and prints what it prints; with --write, into vectors.json.
// Needs a C compiler and liburing-dev 2.3 or later: node packages/core/test/golden/make-vectors.mjs --write
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const here = fileURLToPath(new URL('.', import.meta.url));

/** `-DOFFSET_addr=16 -DSIZE_addr=8 ...` from sqe_layout.csv. */
function layoutDefinitions() {
  const rows = readFileSync(join(here, 'sqe_layout.csv'), 'utf8').trim().split('\n').slice(1);
  return rows.flatMap((row) => {
    const [field, offset, size] = row.split(',');
    return [`-DOFFSET_${field}=${offset}`, `-DSIZE_${field}=${Number.parseInt(size, 10)}`];
  });
}

/** Why the vectors cannot be made here, or undefined. */
export function missing() {
  try {
    execFileSync('cc', ['-E', '-'], { input: '#include <liburing.h>\n', stdio: ['pipe', 'ignore', 'pipe'] });
    return undefined;
  } catch (error) {
    return error.code === 'ENOENT'
      ? 'there is no C compiler (cc)'
      : 'liburing.h is not installed (liburing-dev)';
  }
}

/** The vectors as text, from a fresh compilation. */
export function makeVectors() {
  const folder = mkdtempSync(join(tmpdir(), 'ringpool-vectors-'));
  try {
    const program = join(folder, 'vectors');
    execFileSync('cc', ['-O1', '-w', ...layoutDefinitions(), '-o', program, join(here, 'vectors.c')]);
    return execFileSync(program, { encoding: 'utf8' });
  } finally {
    rmSync(folder, { recursive: true });
  }
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const text = makeVectors();
  if (process.argv.includes('--write')) writeFileSync(join(here, 'vectors.json'), text);
  else process.stdout.write(text);
}
