// What node:fs/promises promises: the same results and rejections, by code, errno, syscall, paths and message, on the same
// inputs, valid and not, on each driver, on the disk and in memory.
import { createHash } from 'node:crypto';
import fs, { constants } from 'node:fs';
import node from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { openPool, type Pool } from '@ringpool/pool';
import { createFs, type FsPromises } from '@ringpool/pool/fs';
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { EACH_DRIVER } from '../drivers/each-driver.ts';
import { pattern } from '../support.ts';

/** Where files lie: on a disk, and in memory where there is such a file system. In brief, on the disk alone. */
const PLACES = [os.tmpdir(), '/dev/shm']
  .slice(0, process.env['RINGPOOL_BRIEF'] === '1' ? 1 : 2)
  .filter((folder) => fs.existsSync(folder));

/** What a call comes to, so that two can be compared. */
async function outcomeOf(call: () => Promise<unknown>): Promise<unknown> {
  try {
    const value = await call();
    if (value instanceof fs.Stats || (value !== null && typeof value === 'object' && 'mtimeNs' in value)) {
      const { atime: _a, atimeMs: _b, atimeNs: _c, ...rest } = value as unknown as Record<string, unknown>;
      return { kind: value.constructor.name, ...rest };
    }
    // Compared byte by byte, large ones take seconds.
    const digest = (bytes: string | Buffer): string => createHash('sha1').update(bytes).digest('hex');
    if (Buffer.isBuffer(value)) return { type: 'Buffer', length: value.length, digest: digest(value) };
    return { type: typeof value, value: typeof value === 'string' ? digest(value) : value };
  } catch (error) {
    const {
      name,
      message,
      code,
      errno,
      syscall,
      path: from,
      dest,
    } = error as NodeJS.ErrnoException & { dest?: string };
    return { name, message, code, errno, syscall, from, dest, type: (error as object).constructor.name };
  }
}

type Call = (module: FsPromises, at: (name: string) => string) => Promise<unknown>;

function furnishLarge(folder: string): void {
  fs.writeFileSync(path.join(folder, 'large'), pattern(300_001));
  fs.writeFileSync(path.join(folder, 'huge'), pattern(5_000_003));
}

/** Files for each call: the same names in a folder of its own. */
function furnish(folder: string): void {
  const at = (name: string): string => path.join(folder, name);
  fs.writeFileSync(at('empty'), '');
  fs.writeFileSync(at('small'), 'grüße, 𝄞\n');
  fs.writeFileSync(at('page'), pattern(4096));
  fs.mkdirSync(at('folder'));
  fs.symlinkSync('small', at('link'));
  fs.symlinkSync('nowhere', at('dangling'));
  fs.symlinkSync('loop', at('loop'));
  fs.writeFileSync(at('ünïcödé 𝄞'), 'name');
}

const NAMES = [
  'empty',
  'small',
  'page',
  'large',
  'huge',
  'folder',
  'link',
  'dangling',
  'loop',
  'missing',
  'small/x',
  'ünïcödé 𝄞',
  '',
];
const STRANGE: readonly unknown[] = [
  undefined,
  null,
  1,
  {},
  [],
  true,
  'with\0zero',
  'x'.repeat(5000),
  new URL('http://a/b'),
];
const ENCODINGS = [
  'utf8',
  'utf-8',
  'latin1',
  'hex',
  'base64',
  'base64url',
  'utf16le',
  'ascii',
  'binary',
  'nonsense',
  null,
];

const READS: readonly (readonly [string, Call])[] = [
  ...NAMES.flatMap((name): (readonly [string, Call])[] => [
    [`readFile ${name}`, (module, at) => module.readFile(name && at(name))],
    [`readFile ${name} as text`, (module, at) => module.readFile(name && at(name), 'utf8')],
    [`stat ${name}`, (module, at) => module.stat(name && at(name))],
    [`stat ${name} bigint`, (module, at) => module.stat(name && at(name), { bigint: true })],
    [`lstat ${name}`, (module, at) => module.lstat(name && at(name))],
    [`access ${name}`, (module, at) => module.access(name && at(name))],
    [`access ${name} to execute`, (module, at) => module.access(name && at(name), constants.X_OK)],
    [`readlink ${name}`, (module, at) => module.readlink(name && at(name))],
  ]),
  ...STRANGE.flatMap((value): (readonly [string, Call])[] => {
    const shown = String(value).slice(0, 20);
    return (['readFile', 'stat', 'lstat', 'access', 'readlink'] as const).map((name) => [
      `${name} of ${typeof value} ${shown}`,
      (module) => (module[name] as (path: unknown) => Promise<unknown>)(value),
    ]);
  }),
  ...ENCODINGS.flatMap((encoding): (readonly [string, Call])[] => [
    [`readFile as ${encoding}`, (module, at) => module.readFile(at('small'), encoding as BufferEncoding)],
    [
      `readFile as { ${encoding} }`,
      (module, at) => module.readFile(at('page'), { encoding: encoding as BufferEncoding }),
    ],
    [`readlink as ${encoding}`, (module, at) => module.readlink(at('link'), encoding as BufferEncoding)],
  ]),
  ...['r', 'r+', 'w+', 'a+', 'x', 'wx', 17].map((flag): readonly [string, Call] => [
    `readFile with flag ${flag}`,
    (module, at) => module.readFile(at('small'), { flag }),
  ]),
  ['readFile by URL', (module, at) => module.readFile(pathToFileURL(at('ünïcödé 𝄞')))],
  ['readFile by Buffer', (module, at) => module.readFile(Buffer.from(at('small')))],
  ['readFile aborted', (module, at) => module.readFile(at('small'), { signal: AbortSignal.abort() })],
  ['readFile with strange options', (module, at) => module.readFile(at('small'), 5 as never)],
  ['stat with strange options', (module, at) => module.stat(at('small'), 5 as never)],
  [
    'stat with throwIfNoEntry',
    (module, at) => module.stat(at('missing'), { throwIfNoEntry: false } as never),
  ],
  ['access with a strange mode', (module, at) => module.access(at('small'), 'r' as never)],
  ['access with mode 99', (module, at) => module.access(at('small'), 99)],
];

const DATA: readonly (readonly [string, unknown])[] = [
  ['text', 'grüße, 𝄞'],
  ['no text', ''],
  ['a buffer', Buffer.from('bytes')],
  ['numbers', Float64Array.of(1, 2, 3)],
  ['a view', new DataView(new ArrayBuffer(5))],
  ['much', pattern(3_000_001)],
  ['pieces', ['one', 'two']],
  [
    'bytes one by one',
    function* () {
      yield 'a';
      yield 'b';
    },
  ],
  ['a number', 7],
  ['nothing', undefined],
  ['null', null],
  ['an object', {}],
  ['an array buffer', new ArrayBuffer(3)],
];
const WRITE_OPTIONS: readonly unknown[] = [
  undefined,
  null,
  'utf8',
  'hex',
  'latin1',
  'nonsense',
  { mode: 0o600 },
  { mode: 0o4755 },
  { mode: 'x' },
  { mode: -1 },
  { flag: 'w' },
  { flag: 'a' },
  { flag: 'wx' },
  { flag: 'r' },
  { flag: 'r+' },
  { flag: 'nonsense' },
  { flush: true },
  { flush: false },
  { flush: 1 },
  { encoding: 'base64' },
  { encoding: 'nonsense' },
  { signal: AbortSignal.abort() },
  5,
  [],
];

const WRITES: readonly (readonly [string, Call])[] = (['writeFile', 'appendFile'] as const).flatMap(
  (method) => [
    ...[
      'empty',
      'small',
      'page',
      'folder',
      'link',
      'dangling',
      'loop',
      'new',
      'missing/new',
      'small/x',
      '',
    ].map((name): readonly [string, Call] => [
      `${method} ${name}`,
      (module, at) => module[method](name && at(name), 'written'),
    ]),
    ...STRANGE.map((value): readonly [string, Call] => [
      `${method} to ${typeof value} ${String(value).slice(0, 20)}`,
      (module) => module[method](value as string, 'x'),
    ]),
    ...DATA.map(([name, data]): readonly [string, Call] => [
      `${method} of ${name}`,
      (module, at) => module[method](at('page'), (typeof data === 'function' ? data() : data) as string),
    ]),
    ...WRITE_OPTIONS.map((options, index): readonly [string, Call] => [
      `${method} with options ${index} ${options instanceof Object ? Object.keys(options).join() : options}`,
      (module, at) => module[method](at('small'), '6162', options as never),
    ]),
    [
      `${method} to a new file with a mode`,
      (module, at) => module[method](at('moded'), 'x', { mode: 0o640 }),
    ] as const,
  ],
);

/** Everything in a folder: types, modes, bytes. */
function inventory(folder: string): unknown {
  return fs
    .readdirSync(folder)
    .sort()
    .map((name) => {
      const at = path.join(folder, name);
      const found = fs.lstatSync(at);
      const bytes = found.isFile() ? createHash('sha1').update(fs.readFileSync(at)).digest('hex') : undefined;
      return { name, mode: found.mode, size: found.isFile() ? found.size : 0, bytes };
    });
}

describe.each(EACH_DRIVER)('on %s', (driver) => {
  let pool: Pool;
  let ours: FsPromises;
  beforeAll(async () => {
    pool = await openPool({ driver, workers: 1 });
    ours = createFs(pool);
  });
  afterAll(() => pool.close());

  describe.each(PLACES)('in %s', (place) => {
    let shared: string;
    beforeAll(() => {
      shared = fs.mkdtempSync(path.join(place, 'ringpool-fs-'));
      furnish(shared);
      furnishLarge(shared);
    });
    afterAll(() => fs.rmSync(shared, { recursive: true, force: true }));

    test.each(READS)('%s', async (_, call) => {
      const at = (name: string): string => path.join(shared, name);
      const wanted = await outcomeOf(() => call(node, at));
      expect(await outcomeOf(() => call(ours, at))).toEqual(wanted);
      // Once more: some things are remembered.
      expect(await outcomeOf(() => call(ours, at))).toEqual(wanted);
    });

    test.each(WRITES)('%s', async (_, call) => {
      const folders = ['theirs', 'ours'].map((name) => {
        const folder = fs.mkdtempSync(path.join(place, `ringpool-fs-${name}-`));
        onTestFinished(() => fs.rmSync(folder, { recursive: true, force: true }));
        furnish(folder);
        return folder;
      }) as [string, string];
      const [wanted, found] = [
        await outcomeOf(() => call(node, (name) => path.join(folders[0], name))),
        await outcomeOf(() => call(ours, (name) => path.join(folders[1], name))),
      ].map((outcome, index) =>
        JSON.parse(JSON.stringify(outcome).replaceAll(folders[index] as string, 'FOLDER')),
      );
      expect(found).toEqual(wanted);
      expect(inventory(folders[1])).toEqual(inventory(folders[0]));
    });
  });

  test('what was read is the caller’s own, whatever becomes of the pool', async () => {
    const bytes = (await ours.readFile('package.json')) as Buffer;
    expect(bytes.buffer.byteLength).toBe(bytes.length);
    expect(bytes.buffer).toBeInstanceOf(ArrayBuffer);
  });

  test('many at once leave nothing in use', async () => {
    const name = path.join(os.tmpdir(), `ringpool-fs-${process.pid}-${driver}`);
    onTestFinished(() => fs.rmSync(name, { force: true }));
    await Promise.all(Array.from({ length: 100 }, (_, index) => ours.appendFile(name, `${index % 10}`)));
    expect((await ours.readFile(name, 'utf8')).length).toBe(100);
    expect(
      await Promise.all(Array.from({ length: 300 }, () => ours.readFile('package.json', 'utf8'))),
    ).toEqual(Array.from({ length: 300 }, () => fs.readFileSync('package.json', 'utf8')));
    await Promise.all(Array.from({ length: 300 }, () => ours.stat('package.json')));
    expect(pool.metrics().arena).toMatchObject({ operationsInFlight: 0, leasesReleasedInFlight: 0 });
  });
});
