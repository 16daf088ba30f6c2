// A pool under a real RLIMIT_MEMLOCK: it works with as much registered as half of the limit allows, or says why not.
// Root never meets the limit, and only root can become another user: elsewhere these tests have nothing to show.
import { spawnSync } from 'node:child_process';
import { chmodSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { byDriver, lacks } from '../features.ts';
import { HANG_MS, pattern, temporaryFolder } from '../support.ts';

const KIB = 1024;
const FILE_BYTES = 900_000;
/** The limit is shared by all processes of a user, and a dead one's pages come back late: each child is another user. */
let user = 64_000;

function openUnder(kib: number, registration: string): Record<string, unknown> {
  const folder = temporaryFolder();
  const file = path.join(folder, 'file');
  writeFileSync(file, pattern(FILE_BYTES));
  chmodSync(folder, 0o755);
  const fixture = fileURLToPath(new URL('../fixtures/memlock.mjs', import.meta.url));
  const words = [
    `ulimit -l ${kib} && exec "$0" "$@"`,
    process.execPath,
    fixture,
    String(user--),
    registration,
    file,
  ];
  const child = spawnSync('sh', ['-c', ...words], { encoding: 'utf8', timeout: HANG_MS });
  expect(child.stderr).toBe('');
  return JSON.parse(child.stdout) as Record<string, unknown>;
}

const reason = process.getuid?.() === 0 ? '' : ' (only root can become another user)';

describe.skipIf(reason !== '')(`under a memlock limit${reason}`, () => {
  test.skipIf(lacks('registered memory'))(
    'of 8 MiB half of what is left is registered, and all of the arena is read into',
    () => {
      const { registeredBytes, bytes, same } = openUnder(8 * KIB, 'auto');
      expect({ bytes, same }).toEqual({ bytes: FILE_BYTES, same: true });
      expect(registeredBytes).toBeGreaterThan(1024 * KIB);
      expect(registeredBytes).toBeLessThanOrEqual(4096 * KIB);
    },
  );

  // From Node 22 on each event loop has rings of its own, charged to the same limit before ours: 64 KiB hold no more.
  const small = Number(process.versions.node.split('.')[0]) >= 22 ? 128 : 64;
  test(`of ${small} KiB nothing is registered, and the pool works`, () => {
    expect(openUnder(small, 'auto')).toMatchObject({
      registeredBytes: 0,
      bytes: FILE_BYTES,
      same: true,
    });
  });

  test.each([64, 48, 40, 32])('of %d KiB the longest chain runs or is refused', (kib) => {
    // The ring, or the pool, may not come up at all.
    const { code, chained = code } = openUnder(kib, 'auto');
    expect([32, 'ERR_RINGPOOL_INVALID_ARGUMENT', 'ERR_RINGPOOL_MEMLOCK']).toContain(chained);
  });

  test('registration that is required is refused with the limit and the remedy', () => {
    const { code, message } = openUnder(8 * KIB, 'required');
    expect(code).toBe(byDriver({ uring: 'ERR_RINGPOOL_MEMLOCK', threads: 'ERR_RINGPOOL_UNSUPPORTED' }));
    expect(message).toMatch(
      byDriver({ uring: /RLIMIT_MEMLOCK is 8 MiB.*ulimit -l/, threads: /'threads' registers no memory/ }),
    );
  });
});
