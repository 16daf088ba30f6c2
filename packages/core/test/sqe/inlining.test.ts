// The hot encoders stay small enough for V8 to inline, which is what keeps their argument objects from being allocated.
import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';

/** V8's `--max-inlined-bytecode-size`, in Node.js 20 to 26. */
const INLINED_BYTES_MAX = 460;
const FIXTURE = fileURLToPath(new URL('../fixtures/hot-encoders.mjs', import.meta.url));
/** Node.js has functions of its own by some of these names; ours are those that take the queue, a slot and arguments. */
const PARAMETERS = 4;

test.each(['nop', 'read', 'write', 'readFixed', 'writeFixed'])('%s can be inlined', (name) => {
  const { stdout } = spawnSync(
    process.execPath,
    ['--print-bytecode', `--print-bytecode-filter=${name}`, FIXTURE],
    { encoding: 'utf8', maxBuffer: 2 ** 26 },
  );
  const printed = [
    ...stdout.matchAll(
      /Parameter count (\d+)\n[\s\S]*?Bytecode length: (\d+)|Bytecode length: (\d+)\nParameter count (\d+)/g,
    ),
  ]
    .map((match) => ({ parameters: Number(match[1] ?? match[4]), bytes: Number(match[2] ?? match[3]) }))
    .filter(({ parameters }) => parameters === PARAMETERS);
  expect(printed).not.toEqual([]);
  expect(Math.max(...printed.map(({ bytes }) => bytes))).toBeLessThanOrEqual(INLINED_BYTES_MAX);
});
