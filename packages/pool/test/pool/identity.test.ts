// Whose files a pool opens: those of the identity that the process has at the time, on every ring, whoever opened it.
import { spawnSync } from 'node:child_process';
import { chmodSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { pattern, runFixture, temporaryFolder } from '../support.ts';

/** nobody */
const USER = 65_534;
const EVERYBODY = 0o755;
const OWNER_ONLY = 0o600;
const REFUSED = 'true EACCES EACCES';

/** Whether that user may load what a new worker thread loads. */
function mayLoad(): boolean {
  const entry = fileURLToPath(new URL('../../dist/index.js', import.meta.url));
  const program = `import(${JSON.stringify(entry)}).catch(() => process.exit(1))`;
  return spawnSync(process.execPath, ['-e', program], { uid: USER, gid: USER }).status === 0;
}

test('after setuid, no ring opens what only root may: neither old workers nor new ones, nor one that replaces another', async (context) => {
  if (process.getuid?.() !== 0) context.skip('only root can become another user');
  if (!mayLoad()) context.skip('an ordinary user cannot read the modules of this checkout');
  const folder = temporaryFolder();
  chmodSync(folder, EVERYBODY);
  const [shared, secret] = [path.join(folder, 'shared'), path.join(folder, 'secret')];
  writeFileSync(shared, pattern(100_000));
  writeFileSync(secret, 'of root alone', { mode: OWNER_ONLY });
  const ended = await runFixture('setuid.mjs', shared, secret, String(USER));
  expect(ended).toMatchObject({ code: 0, signal: null, stderr: '' });
  expect(JSON.parse(ended.stdout)).toEqual({
    before: { local: 'true opened read', old: 'true opened read' },
    after: { local: REFUSED, old: REFUSED, replaced: REFUSED, new: REFUSED, kept: 1 },
  });
});
