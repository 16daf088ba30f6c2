// Which driver a pool has: what was asked for by name and never another one, else the best that works, with the reason.
import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { RingpoolError, Simulation } from '@ringpool/core';
import { connectPool, type DriverWish, openPool } from '@ringpool/pool';
import { describe, expect, onTestFinished, test } from 'vitest';
import { choose, keepsFromUring, refusalOf, wishOf, without } from '../../src/drivers/choose.ts';
import { HANG_MS } from '../support.ts';

const INVALID = expect.objectContaining({ code: 'ERR_RINGPOOL_INVALID_ARGUMENT' });

/** Has RINGPOOL_DRIVER be this until the test is over. */
function named(driver: string | undefined): void {
  const before = process.env['RINGPOOL_DRIVER'];
  const set = (value: string | undefined): void => {
    if (value === undefined) delete process.env['RINGPOOL_DRIVER'];
    else process.env['RINGPOOL_DRIVER'] = value;
  };
  set(driver);
  onTestFinished(() => set(before));
}

describe('a wish', () => {
  test.each<[DriverWish | undefined, string | undefined, DriverWish]>([
    [undefined, undefined, 'auto'],
    [undefined, '', 'auto'],
    ['threads', undefined, 'threads'],
    ['threads', '', 'threads'],
    ['uring', 'threads', 'threads'],
    ['threads', 'uring', 'uring'],
    ['threads', 'auto', 'auto'],
    [undefined, 'threads', 'threads'],
  ])('%s, with RINGPOOL_DRIVER %s, is %s', (option, variable, wish) => {
    named(variable);
    expect(wishOf(option)).toBe(wish);
  });

  test('for a simulation goes before RINGPOOL_DRIVER: nothing else is that one', () => {
    named('threads');
    const simulation = new Simulation({ seed: 1 });
    expect(wishOf(simulation)).toBe(simulation);
    expect(choose(simulation)).toMatchObject({ info: { name: 'sim', wanted: 'sim' }, simulation });
  });

  test.each(['kernel', 'URING', 3, null, {}])('%j is refused, as an option', async (wish) => {
    named(undefined);
    const driver = wish as DriverWish;
    expect(() => wishOf(driver)).toThrow(INVALID);
    await expect(openPool({ driver })).rejects.toThrow(INVALID);
  });

  test('that the environment has is refused by its name, whatever the option says', () => {
    named('thread');
    expect(() => wishOf('uring')).toThrow(/^RINGPOOL_DRIVER is thread\./);
  });

  test('that is an option is checked though the environment has another one', () => {
    named('threads');
    expect(() => wishOf('kernel' as DriverWish)).toThrow(INVALID);
  });
});

describe('a choice', () => {
  test.each(['uring', 'threads'] as const)('of %s by name is that, untried', (name) => {
    expect(choose(name).info).toEqual({
      name,
      wanted: name,
      reason: expect.stringMatching(/by name/),
      error: undefined,
    });
  });

  test('without io_uring says why, with the error', () => {
    const error = new RingpoolError('ERR_RINGPOOL_UNAVAILABLE', 'not here', { op: 'ring.open' });
    expect(without(error).info).toEqual({ name: 'threads', wanted: 'auto', reason: 'not here.', error });
  });

  test.each([
    ['ERR_RINGPOOL_UNAVAILABLE', true],
    ['ERR_RINGPOOL_MEMLOCK', true],
    ['ERR_RINGPOOL_INVALID_ARGUMENT', false],
    ['EMFILE', false],
  ] as const)('is another one after %s: %s', (code, other) => {
    expect(keepsFromUring(new RingpoolError(code, 'no', { op: 'openPool' }))).toBe(other);
    expect(keepsFromUring(new Error(code))).toBe(false);
  });

  const onLinux = process.platform === 'linux';
  test.each([
    ['4.19.0', onLinux],
    ['5.10.0-32-amd64', onLinux],
    ['6.0.19', onLinux],
    ['6.1', false],
    ['6.1.0-rc1', false],
    ['6.12.94+deb13', false],
    ['7.0.0', false],
    ['10.2.1', false],
  ])('of a kernel %s: it is too old: %s', (release, tooOld) => {
    const refusal = refusalOf(release);
    expect(refusal?.code).toBe(tooOld ? 'ERR_RINGPOOL_UNAVAILABLE' : undefined);
    if (refusal === undefined) return;
    expect(without(refusal).info).toMatchObject({ name: 'threads', wanted: 'auto', error: refusal });
    expect(refusal.message).toContain(`Linux ${release} is older than 6.1`);
  });
});

describe('a pool', () => {
  test('says what it runs on, and threads that join it say the same', async () => {
    named(undefined);
    await using pool = await openPool({ driver: 'threads', workers: 1 });
    expect(pool.driver).toMatchObject({ name: 'threads', wanted: 'threads' });
    const port = structuredClone(pool.port());
    await using joined = await connectPool(port);
    expect(joined.driver).toEqual(pool.driver);
  });

  const entry = fileURLToPath(import.meta.resolve('@ringpool/pool'));
  /** What a program says, with an addon that is not there. */
  function withoutAddon(program: string, env: Readonly<Record<string, string>> = {}): unknown {
    const prelude = `
      import { subscribe } from 'node:diagnostics_channel';
      import { channels, connectPool, openPool } from ${JSON.stringify(entry)};
      const told = [];
      subscribe(channels.driver, (message) => told.push(message));
      const infoOf = ({ error, ...info }) => ({ ...info, code: error?.code });
    `;
    const child = spawnSync(process.execPath, ['--input-type=module', '-e', prelude + program], {
      encoding: 'utf8',
      timeout: HANG_MS,
      env: { ...process.env, RINGPOOL_DRIVER: '', RINGPOOL_ADDON: '/nonexistent.node', ...env },
    });
    expect(child.stderr).toBe('');
    return JSON.parse(child.stdout);
  }

  const AUTO = `
    const pool = await openPool({ workers: 1 });
    (await pool.readFile('package.json')).release();
    const joined = await connectPool(pool.port());
    const answer = { own: infoOf(pool.driver), told: told.map(infoOf), joined: infoOf(joined.driver), ring: pool.ring ?? 'none' };
    await joined.close();
    await pool.close();
    console.log(JSON.stringify(answer));
  `;

  test('without the addon runs on threads, says why, and tells whoever listens', () => {
    const info = { name: 'threads', wanted: 'auto', reason: expect.stringMatching(/addon cannot be loaded/) };
    expect(withoutAddon(AUTO)).toEqual({
      own: { ...info, code: 'ERR_RINGPOOL_UNAVAILABLE' },
      told: [{ ...info, code: 'ERR_RINGPOOL_UNAVAILABLE' }],
      joined: info,
      ring: 'none',
    });
  });

  test.each([
    ['the option', "{ driver: 'uring' }", ''],
    ['RINGPOOL_DRIVER', '{}', 'uring'],
    ['RINGPOOL_DRIVER, against the option', "{ driver: 'threads' }", 'uring'],
  ])(
    'asked for io_uring by %s, and without the addon, is an error and nothing else',
    (_, options, variable) => {
      const program = `
      const said = await openPool(${options}).then(({ driver }) => driver, ({ code, hint }) => ({ code, hint }));
      console.log(JSON.stringify({ said, told }));
    `;
      expect(withoutAddon(program, { RINGPOOL_DRIVER: variable })).toEqual({
        said: { code: 'ERR_RINGPOOL_UNAVAILABLE', hint: expect.stringMatching(/./) },
        told: [],
      });
    },
  );

  test('that was asked for by name tells whoever listens, too', () => {
    const program = `
      const pool = await openPool({ driver: 'threads' });
      await new Promise(setImmediate);
      await pool.close();
      console.log(JSON.stringify(told.map(infoOf)));
    `;
    expect(withoutAddon(program)).toEqual([
      { name: 'threads', wanted: 'threads', reason: 'it was asked for by name' },
    ]);
  });
});
