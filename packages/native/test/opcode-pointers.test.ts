// The table by which the addon guards memory is the one that core's opcode table says.
import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';

const GENERATOR = fileURLToPath(new URL('../scripts/generate-pointers.mjs', import.meta.url));

test('addon/opcode_pointers.h is current', () => {
  const { status, stdout, stderr } = spawnSync(process.execPath, [GENERATOR, '--check'], {
    encoding: 'utf8',
  });
  expect(`${stdout}${stderr}`).toContain('was current');
  expect(status).toBe(0);
});
