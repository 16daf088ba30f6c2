// Builds the addon with node-gyp and puts it where node-gyp-build looks for it: prebuilds/<platform>-<arch>/.
// Skips the work when nothing it depends on has changed. Development only: the published package ships the result.
//
//   --sanitize=address,undefined   a build for the sanitizers, under build/sanitize/
//   --control=without-drain        a build with one guard taken out (the negative controls), under build/without-drain/
//   --control=without-reference    the same for the strong references
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
const option = (name) =>
  process.argv.find((word) => word.startsWith(`--${name}=`))?.slice(name.length + 3) ?? '';
const quiet = process.argv.includes('--quiet');
const sanitize = option('sanitize');
const control = option('control');
const variant = control !== '' ? control : sanitize !== '' ? 'sanitize' : '';

const output =
  variant === ''
    ? path.join(root, 'prebuilds', `${process.platform}-${process.arch}`, 'node.napi.node')
    : path.join(root, 'build', variant, 'ringpool.node');
const stampFile = `${output}.stamp`;

/** A digest of everything the binary depends on. */
function fingerprint() {
  const hash = createHash('sha256');
  const sources = readdirSync(path.join(root, 'addon')).sort();
  for (const name of sources) hash.update(name).update(readFileSync(path.join(root, 'addon', name)));
  hash.update(readFileSync(path.join(root, 'binding.gyp')));
  hash.update(`${sanitize} ${control} ${process.versions.node.split('.')[0]} ${process.arch}`);
  return hash.digest('hex');
}

const stamp = fingerprint();
if (existsSync(output) && existsSync(stampFile) && readFileSync(stampFile, 'utf8') === stamp) process.exit(0);

// Node's headers lie beside its binary when it came as an archive or a package; node-gyp would otherwise download them.
const prefix = path.dirname(path.dirname(process.execPath));
const nodedir = existsSync(path.join(prefix, 'include', 'node', 'node_api.h')) ? [`--nodedir=${prefix}`] : [];
const nodeGyp = createRequire(import.meta.url).resolve('node-gyp/bin/node-gyp.js');
// gyp builds in ./build; a variant is built from a copy, so that builds never mix.
const directory = variant === '' ? root : path.join(root, 'build', variant, 'source');
if (variant !== '') {
  rmSync(directory, { recursive: true, force: true });
  mkdirSync(path.join(directory, 'addon'), { recursive: true });
  copyFileSync(path.join(root, 'binding.gyp'), path.join(directory, 'binding.gyp'));
  copyFileSync(path.join(root, 'package.json'), path.join(directory, 'package.json'));
  for (const name of readdirSync(path.join(root, 'addon'))) {
    copyFileSync(path.join(root, 'addon', name), path.join(directory, 'addon', name));
  }
}
const words = [nodeGyp, 'rebuild', `--directory=${directory}`, '--loglevel=warn', ...nodedir];
const result = spawnSync(
  process.execPath,
  [...words, '--', `-Dsanitize=${sanitize}`, `-Dcontrols=${control}`],
  {
    cwd: root,
    encoding: 'utf8',
    env: { ...process.env, JOBS: 'max' },
  },
);
if (result.status !== 0) {
  process.stderr.write(`${result.stdout}\n${result.stderr}\n`);
  console.error('build: the addon did not compile. It needs g++ (C++17), make and python3 on the PATH.');
  process.exit(1);
}
if (!quiet)
  process.stdout.write(
    result.stderr
      .split('\n')
      .filter((line) => line.includes('warning:'))
      .join('\n'),
  );
mkdirSync(path.dirname(output), { recursive: true });
copyFileSync(path.join(directory, 'build', 'Release', 'ringpool.node'), output);
writeFileSync(stampFile, stamp);
