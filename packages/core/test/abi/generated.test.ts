// The generated sources and docs are what the generator makes of the table.
import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';

const GENERATOR = fileURLToPath(new URL('../../scripts/generate.mjs', import.meta.url));

test('the encoders, the argument types and docs/opcodes.md are current', () => {
  const { status, stdout, stderr } = spawnSync(process.execPath, [GENERATOR, '--check'], {
    encoding: 'utf8',
  });
  expect(`${stdout}${stderr}`).toContain('everything was current');
  expect(status).toBe(0);
});
