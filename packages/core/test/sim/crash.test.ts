// What survives a crash: what was made durable, and of the rest anything.
import { expect, test } from 'vitest';
import { AT } from '../../src/abi/system.ts';
import { AT_FDCWD, fd } from '../../src/sqe/values.ts';
import { CREAT, DSYNC, filesOf, Machine, possible, RDWR } from './support.ts';

const ESHUTDOWN = -108;
const SECTOR = 512;

test('an empty disk crashes into itself', () => {
  expect(possible(new Machine())).toEqual(['{}']);
});

test('a name that was not made durable may be gone, however durable its file is', () => {
  const machine = new Machine();
  const file = machine.open('f');
  machine.write(file, 'text');
  machine.sync(file);
  expect(possible(machine)).toEqual(['{"f":"text"}', '{}']);
});

test('a file that was not made durable may be empty, or have its length and no bytes', () => {
  const machine = new Machine();
  machine.write(machine.open('f'), 'text');
  machine.syncDirectory('/');
  expect(possible(machine)).toEqual(['{"f":""}', '{"f":"\\u0000\\u0000\\u0000\\u0000"}', '{"f":"text"}']);
});

test('what is durable stays, with its name', () => {
  const machine = new Machine();
  const file = machine.open('f');
  machine.write(file, 'text');
  machine.sync(file);
  machine.syncDirectory('/');
  expect(possible(machine)).toEqual(['{"f":"text"}']);
});

test('an overwritten sector is the old one or any that was written since', () => {
  const machine = new Machine();
  const file = machine.open('f');
  machine.write(file, 'one');
  machine.sync(file);
  machine.syncDirectory('/');
  machine.write(file, 'two');
  machine.write(file, 'six');
  expect(possible(machine)).toEqual(['{"f":"one"}', '{"f":"six"}', '{"f":"two"}']);
});

test('a write over several sectors may survive in part', () => {
  const machine = new Machine();
  const file = machine.open('f');
  machine.write(file, 'a'.repeat(2 * SECTOR));
  machine.sync(file);
  machine.syncDirectory('/');
  machine.write(file, 'b'.repeat(2 * SECTOR));
  const [a, b] = ['a'.repeat(SECTOR), 'b'.repeat(SECTOR)];
  expect(possible(machine)).toEqual([a + a, a + b, b + a, b + b].map((text) => `{"f":"${text}"}`).sort());
});

test('a write that is to be durable is, and no other one', () => {
  const machine = new Machine();
  const file = machine.open('f', RDWR | CREAT);
  const durable = machine.open('f', RDWR | DSYNC);
  machine.syncDirectory('/');
  machine.write(file, 'x'.repeat(SECTOR));
  machine.write(durable, 'y', SECTOR);
  expect(possible(machine)).toEqual([
    `{"f":"${'\\u0000'.repeat(SECTOR)}y"}`,
    `{"f":"${'x'.repeat(SECTOR)}y"}`,
  ]);
});

test('a rename survives whole or not at all', () => {
  const machine = new Machine();
  for (const [name, text] of [
    ['old', '1'],
    ['new', '2'],
  ] as const) {
    const file = machine.open(name);
    machine.write(file, text);
    machine.sync(file);
  }
  machine.syncDirectory('/');
  machine.rename('new', 'old');
  expect(possible(machine)).toEqual(['{"old":"1","new":"2"}', '{"old":"2"}']);
});

test('a rename between directories is durable as soon as one of them is', () => {
  const machine = new Machine();
  machine.mkdir('d');
  const file = machine.open('f');
  machine.write(file, '1');
  machine.sync(file);
  machine.syncDirectory('/');
  machine.rename('f', 'd/f');
  machine.syncDirectory('d');
  expect(possible(machine)).toEqual(['{"d/":"","d/f":"1"}']);
});

test('an unlinked file may come back', () => {
  const machine = new Machine();
  const file = machine.open('f');
  machine.write(file, '1');
  machine.sync(file);
  machine.syncDirectory('/');
  machine.do({ op: 'close', fd: fd(file) });
  machine.unlink('f');
  expect(possible(machine)).toEqual(['{"f":"1"}', '{}']);
});

test('an fsync that failed has made nothing durable, and the next one does not either', () => {
  const machine = new Machine({ seed: 1, faults: { syncError: 1 } });
  const file = machine.open('f');
  machine.write(file, 'lost');
  expect(machine.sync(file)).toBe(-5);
  const calm = new Machine(machine.sim.reopen(machine.sim.image, { faults: {} }));
  const other = calm.open('g');
  calm.write(other, 'kept');
  expect([calm.sync(other), machine.read(file, 10)]).toEqual([0, 'lost']);
  const texts = [...machine.sim.crash().all()].map((image) => filesOf(image)['f'] ?? 'none');
  expect(texts).not.toContain('lost');
});

test('what is in flight may have happened, and ends with ESHUTDOWN', () => {
  const survived = new Set<string>();
  for (let seed = 0; seed < 40; seed++) {
    const machine = new Machine({ seed });
    const file = machine.open('f');
    machine.syncDirectory('/');
    const number = machine.begin(machine.writing(file, 'now'));
    machine.ring.submit();
    for (const image of machine.sim.crash().all()) survived.add(filesOf(image)['f'] as string);
    const ended: number[][] = [];
    machine.ring.submitAndWait(1, 1);
    machine.ring.reap((...completion) => ended.push(completion.slice(0, 2)));
    expect(ended).toEqual([[number, ESHUTDOWN]]);
    expect(machine.write(file, 'late')).toBe(ESHUTDOWN);
  }
  expect(survived).toEqual(new Set(['', '\0\0\0', 'now']));
});

test('a machine goes on from a disk that survived', () => {
  const machine = new Machine();
  const file = machine.open('f');
  machine.write(file, 'text');
  machine.sync(file);
  machine.syncDirectory('/');
  machine.write(file, 'lost');
  const [oldest] = machine.sim.crash().all(1);
  if (oldest === undefined) throw new Error('there is always a disk');
  const next = new Machine(machine.sim.reopen(oldest));
  expect(next.read(next.open('f'), 10)).toBe('text');
  expect(possible(next)).toEqual(['{"f":"text"}']);
});

test('samples are among the possible disks, and repeat by their seed', () => {
  const machine = new Machine();
  const file = machine.open('f');
  machine.syncDirectory('/');
  machine.write(file, 'x'.repeat(3 * SECTOR));
  machine.unlink('f');
  const images = machine.sim.crash();
  expect(images.count).toBe(2n * 2n ** 3n * 2n);
  const all = new Set([...images.all()].map((image) => JSON.stringify(filesOf(image))));
  const sampled = Array.from({ length: 300 }, (_, seed) => JSON.stringify(filesOf(images.sample(seed))));
  for (const one of sampled) expect(all).toContain(one);
  expect(new Set(sampled).size).toBeGreaterThan(all.size / 2);
  expect(JSON.stringify(filesOf(images.sample(7)))).toBe(sampled[7]);
});

test('a directory that is gone for good takes along what happened in it', () => {
  const machine = new Machine();
  machine.mkdir('d');
  machine.syncDirectory('/');
  for (const name of ['d/a', 'd/b']) {
    const file = machine.open(name);
    machine.write(file, name);
    machine.sync(file);
    if (name === 'd/a') machine.syncDirectory('d');
    machine.do({ op: 'close', fd: fd(file) });
    machine.unlink(name);
  }
  machine.do({ op: 'unlinkat', dirfd: AT_FDCWD, path: machine.path('d'), unlinkFlags: AT.REMOVEDIR });
  machine.syncDirectory('/');
  expect(possible(machine)).toEqual(['{}']);
});

test('the oldest changes become durable by themselves, so that what may be lost has a bound', () => {
  const machine = new Machine();
  const path = machine.path('d');
  for (let index = 0; index < 3000; index++) {
    machine.do({ op: 'mkdirat', dirfd: AT_FDCWD, path, mode: 0o755 });
    machine.do({ op: 'unlinkat', dirfd: AT_FDCWD, path, unlinkFlags: AT.REMOVEDIR });
  }
  const changes = machine.sim.crash().count.toString(2).length - 1;
  expect(changes).toBeGreaterThan(1000);
  expect(changes).toBeLessThanOrEqual(4096);
});
