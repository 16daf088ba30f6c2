// RLIMIT_MEMLOCK for real: children become an ordinary user without CAP_IPC_LOCK, under limits of 8 MiB, 64 KiB and 0.
// Root never meets the limit, and only root can lose its capability: elsewhere these tests have nothing to show.

import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { type Memlock, readMemlock } from '@ringpool/native';
import { describe, expect, test } from 'vitest';

import { fileWith, temporaryDirectory } from './support/files.ts';
import { HANG_BOUND_MS } from './support/rings.ts';

/** The limit is shared by all processes of a user, and a dead one's pages come back late: each child is another user. */
let nobody = 65_534;
const KIB = 1024;
const MIB = 1024 * KIB;
const fixture = fileURLToPath(new URL('./fixtures/memlock.mjs', import.meta.url));
const file = fileWith(temporaryDirectory(), Buffer.alloc(4096, 0x42));

interface Refusal {
  readonly code?: string;
  readonly message?: string;
  readonly errno?: number;
  readonly syscall?: string;
  readonly hint?: string;
}
type Attempt<T> = Refusal & { readonly answer?: T };
interface ReadResult {
  readonly result: number;
  readonly first: number;
}
const READ: ReadResult = { result: 100, first: 0x42 };

/** Runs one play of the fixture under a limit of `kib`. */
function play<T>(kib: number, what: string, ...words: readonly (number | string)[]): T {
  const user = nobody--;
  const script = `ulimit -l ${kib} && exec "$0" "$@"`;
  const command = [script, process.execPath, fixture, what, user, ...words].map(String);
  const child = spawnSync('sh', ['-c', ...command], { encoding: 'utf8', timeout: HANG_BOUND_MS });
  if (child.status !== 0)
    throw new Error(`${what} under ${kib} KiB ended with ${child.status}: ${child.stderr}`);
  const { result, memlock, uid } = JSON.parse(child.stdout) as { result: T; memlock: Memlock; uid: number };
  expect([uid, memlock.exempt, memlock.limitBytes]).toEqual([user, false, kib * KIB]);
  return result;
}

const reason = process.getuid?.() === 0 ? '' : ' (only root can become another user)';

describe.skipIf(reason !== '')(`as nobody${reason}`, () => {
  interface RingResult extends ReadResult {
    readonly entries: number;
    readonly cqEntries: number;
  }

  test.each([8 * KIB, 64])('rings work under %i KiB, with fewer entries where it must be', (kib) => {
    const wanted = [4096, 256, 64, 8, 1];
    const rings = play<Attempt<RingResult>[]>(kib, 'rings', file, ...wanted);
    rings.forEach((ring, index) => {
      const { entries = 0, cqEntries = 0, result, first }: Partial<RingResult> = ring.answer ?? {};
      expect({ result, first }, ring.message).toEqual(READ);
      expect([entries <= (wanted[index] ?? 0), cqEntries >= entries]).toEqual([true, true]);
    });
    expect(rings.at(-2)?.answer?.entries).toBe(8);
    const largest = rings[0]?.answer?.entries ?? 0;
    if (kib === 64) expect(largest).toBeLessThan(4096);
    else expect(largest).toBe(4096);
  });

  test.each(['rings', 'diagnose'])('a limit of 0 is a typed error with its remedy: %s', (what) => {
    const expected = { code: 'ERR_RINGPOOL_MEMLOCK' };
    if (what === 'diagnose') {
      const { available, findings, code } = play<{
        available: boolean;
        findings: { name: string; state: string; remedy?: string }[];
        code: string;
      }>(0, what, file);
      expect([available, code]).toEqual([false, expected.code]);
      expect(findings.find(({ name }) => name === 'memlock')).toMatchObject({ state: 'missing', code });
      return;
    }
    const [refused] = play<Refusal[]>(0, what, file, 256);
    expect(refused).toMatchObject({ ...expected, errno: 12, syscall: 'io_uring_setup' });
    expect(refused?.message).toMatch(/RLIMIT_MEMLOCK is 0 B/);
    expect(refused?.hint).toMatch(/ulimit -l/);
  });

  interface Registered {
    readonly registered: Refusal;
    readonly registeredBytes: number;
    readonly plain: ReadResult;
    readonly fixed?: ReadResult;
  }

  test.each<[number, number[], number[]]>([
    [8 * KIB, [4096, 4 * MIB, 1 * MIB], [8 * MIB, 64 * MIB]],
    [64, [4096, 16 * KIB], [64 * KIB, 1 * MIB]],
  ])(
    'under %i KiB a ring registers what fits, refuses the rest with figures, and works on',
    (kib, fitting, refused) => {
      for (const [index, outcome] of play<Registered[]>(kib, 'register', file, ...fitting).entries()) {
        expect(outcome).toEqual({
          registered: {},
          registeredBytes: fitting[index],
          plain: READ,
          fixed: READ,
        });
      }
      for (const [index, outcome] of play<Registered[]>(kib, 'register', file, ...refused, 4096).entries()) {
        const wanted = refused[index];
        expect(outcome.plain).toEqual(READ);
        if (wanted === undefined) {
          expect([outcome.registeredBytes, outcome.fixed]).toEqual([4096, READ]);
          continue;
        }
        expect(outcome.registeredBytes).toBe(0);
        expect(outcome.registered).toMatchObject({ code: 'ERR_RINGPOOL_MEMLOCK', errno: 12 });
        const figures = (bytes: number): string =>
          bytes >= MIB ? `${bytes / MIB} MiB` : `${bytes / KIB} KiB`;
        expect(outcome.registered.message).toContain(`wants ${figures(wanted)}`);
        expect(outcome.registered.message).toContain(`RLIMIT_MEMLOCK is ${figures(kib * KIB)}`);
        expect(outcome.registered.message).toMatch(/has \d+ \w+ pinned already/);
        expect(outcome.registered.hint).toMatch(/ulimit -l.*register less/);
      }
    },
  );

  test('closing without unregistering gives the locked memory back at once', () => {
    // The rings' own pages come back late, so the buffer leaves room for those of 200 rings.
    expect(play<{ done: number }>(8 * KIB, 'cycles', file, 200, 5 * MIB)).toEqual({ done: 200 });
  });

  test('what was registered through a ring is charged to the limit, and given back when the ring closes', () => {
    const outcome = play<{ done: number; refused: Refusal }>(8 * KIB, 'through', file, 100, 5 * MIB);
    expect(outcome).toMatchObject({ done: 100, refused: { code: 'ERR_RINGPOOL_MEMLOCK', errno: 12 } });
  });

  test('clones are not charged, and a second registration is', () => {
    const { answers, reads, direct } = play<{ answers: string[]; reads: ReadResult[]; direct: Refusal }>(
      8 * KIB,
      'clones',
      file,
      6 * MIB,
      5,
    );
    expect(answers).toEqual(new Array(5).fill('cloned'));
    expect(reads).toEqual(new Array(5).fill(READ));
    expect(direct.code).toBe('ERR_RINGPOOL_MEMLOCK');
    expect(direct.message).toMatch(/6 MiB pinned already/);
  });

  test('after setuid the kernel clones no more: the ring says so, or registers by itself', () => {
    const outcome = play<Record<string, unknown>>(8 * KIB, 'setuid', file, MIB);
    expect(outcome).toMatchObject({
      refused: { code: 'ERR_RINGPOOL_CLONE_REFUSED', errno: 22 },
      answer: 'registered',
      again: { code: 'ERR_RINGPOOL_ALREADY_REGISTERED' },
      atOffset: { answer: 'registered' },
      slots: 4,
      registeredBytes: MIB,
      fixed: READ,
      fixedAtOffset: READ,
    });
  });

  test('diagnose() tells the limit, what is pinned, and that a page can be registered', () => {
    const found = play<Record<string, unknown>>(8 * KIB, 'diagnose', file);
    expect(found).toMatchObject({
      available: true,
      registeredBuffers: true,
      memlock: { limitBytes: 8 * MIB },
    });
  });
});

test('the limit and the capability of this process are read from the kernel', () => {
  const memlock = readMemlock();
  expect(memlock.hardLimitBytes).toBeGreaterThanOrEqual(memlock.limitBytes);
  expect(memlock.pinnedBytes % KIB).toBe(0);
});
