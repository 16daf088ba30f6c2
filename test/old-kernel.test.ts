// The script that runs tests on an older kernel says why it cannot, and fails for that only where everything must be there.
import { spawnSync } from 'node:child_process';
import path from 'node:path';
import { expect, test } from 'vitest';
import { root } from './support/repository.ts';

test.each([
  ['false', 0],
  ['true', 1],
])('without QEMU there is no guest: with CI=%s it ends with %d', (CI, status) => {
  // Nothing is in reach but Node itself.
  const env = { ...process.env, PATH: path.join(root, 'test', 'fixtures'), CI };
  const child = spawnSync(process.execPath, ['scripts/old-kernel.mjs'], { cwd: root, env, encoding: 'utf8' });
  expect(child).toMatchObject({ status, stderr: '' });
  expect(child.stdout).toMatch(/^skipped: qemu-system-x86_64 is not installed\n$/);
});
