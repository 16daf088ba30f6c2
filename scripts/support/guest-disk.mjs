// The disk of a guest: an ext4 image that holds this checkout as it is built, Node, a shell, the few programs that tests
// call, the libraries of all of them, and the first process. Nothing of the host is shared with the guest, and making the
// image needs no rights: mke2fs fills it from a folder.
import { chmodSync, cpSync, mkdirSync, readdirSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { call, findProgram } from './programs.mjs';

/** A sparse file: it takes as much of the host's disk as is written, about a quarter of it. */
const DISK_BYTES = 1024 ** 3;
/** Where the checkout lies in the guest. */
export const PROJECT = '/ringpool';
/** What the first process and the tests call, besides Node. */
const GUEST_PROGRAMS = ['sh', 'cat', 'ip', 'mkdir', 'mkfifo', 'mount', 'sleep'];
/** What making a disk takes. */
export const DISK_PROGRAMS = ['mke2fs', 'ldd', ...GUEST_PROGRAMS];

const root = fileURLToPath(new URL('../..', import.meta.url));
/** Parts of a checkout that no test of a guest reads, most of them large. */
const LEFT_OUT =
  /^(?:\.git|\.data|coverage|\.ci\/nodes\/node_modules|node_modules\/\.pnpm\/@(?:biomejs|typescript)\+.*)$/;

/** The files that the dynamic linker loads for these. */
function libraries(files) {
  const found = new Set();
  for (const file of files) {
    for (const [, library] of call('ldd', file).matchAll(/(?:=> |^\t)(\/\S+) \(0x/gm)) found.add(library);
  }
  return found;
}

function addons(folder) {
  return readdirSync(folder, { recursive: true })
    .filter((name) => name.endsWith('.node'))
    .map((name) => path.join(folder, name));
}

/** Makes the image `file`, whose first process is the shell script `init`. Uses `folder` meanwhile. */
export function makeDisk(file, folder, init) {
  const staged = path.join(folder, 'staged');
  const project = path.join(staged, PROJECT);
  for (const name of ['bin', 'dev', 'proc', 'sys', 'tmp'])
    mkdirSync(path.join(staged, name), { recursive: true });
  cpSync(root, project, {
    recursive: true,
    verbatimSymlinks: true,
    filter: (source) => !LEFT_OUT.test(path.relative(root, source)),
  });
  const programs = [['node', process.execPath], ...GUEST_PROGRAMS.map((name) => [name, findProgram(name)])];
  for (const [name, from] of programs) cpSync(from, path.join(staged, 'bin', name), { dereference: true });
  for (const library of libraries([...programs.map(([, from]) => from), ...addons(project)]))
    cpSync(library, path.join(staged, library), { dereference: true });
  writeFileSync(path.join(staged, 'init'), init);
  chmodSync(path.join(staged, 'init'), 0o755);
  writeFileSync(file, '');
  truncateSync(file, DISK_BYTES);
  call('mke2fs', '-q', '-F', '-t', 'ext4', '-E', 'root_owner=0:0', '-d', staged, file);
  rmSync(staged, { recursive: true });
}
