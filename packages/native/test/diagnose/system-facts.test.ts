// What is read from /proc and /sys, on trees of files made up for it; among them one without any.

import { mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';

import { expect, test } from 'vitest';

import { readSystem } from '../../src/diagnose/system-facts.ts';
import { temporaryDirectory } from '../support/files.ts';

const directory = temporaryDirectory();
let trees = 0;

/** A root folder with these files. */
function tree(files: Readonly<Record<string, string>>): string {
  const root = path.join(directory, `root-${trees++}`);
  mkdirSync(root);
  for (const [name, text] of Object.entries(files)) {
    mkdirSync(path.dirname(path.join(root, name)), { recursive: true });
    writeFileSync(path.join(root, name), text);
  }
  return root;
}

const read = (files: Readonly<Record<string, string>>, environment = {}): ReturnType<typeof readSystem> =>
  readSystem({ root: tree(files), environment });

const STATUS =
  'Gid:\t100\t100\t100\t100\nGroups:\t100 990 \nVmPin:\t      64 kB\nCapEff:\t0000000000204000\nSeccomp:\t2\n';

test('nothing is assumed where there is no /proc and no /sys', () => {
  expect(read({})).toMatchObject({
    platform: process.platform,
    sysctl: undefined,
    seccomp: undefined,
    sysAdmin: false,
    groups: [],
    container: [],
    memlock: { limitBytes: Infinity, hardLimitBytes: Infinity, pinnedBytes: 0, exempt: false },
    hugePages: undefined,
    addonNamed: undefined,
  });
});

test('everything is read from its place', () => {
  const found = read(
    {
      'proc/self/status': STATUS,
      'proc/self/limits': 'Max locked memory         8388608              unlimited            bytes\n',
      'proc/self/uid_map': '         0          0 4294967295\n',
      'proc/sys/kernel/io_uring_disabled': '1\n',
      'proc/sys/kernel/io_uring_group': '990\n',
      'sys/kernel/mm/transparent_hugepage/enabled': 'always [madvise] never\n',
    },
    { RINGPOOL_ADDON: '/built/ringpool.node' },
  );
  expect(found).toMatchObject({
    sysctl: { disabled: 1, group: 990 },
    seccomp: 2,
    sysAdmin: true,
    groups: [100, 990],
    memlock: { limitBytes: 8_388_608, hardLimitBytes: Infinity, pinnedBytes: 65_536, exempt: true },
    hugePages: 'madvise',
    addonNamed: '/built/ringpool.node',
  });
});

test('the CAP_SYS_ADMIN of a user namespace is none to io_uring', () => {
  const map = '         0     100000      65536\n';
  expect(read({ 'proc/self/status': STATUS, 'proc/self/uid_map': map }).sysAdmin).toBe(false);
});

test('sysctls without those of io_uring are told from none at all', () => {
  const { sysctl } = read({ 'proc/sys/kernel/osrelease': '6.1.0\n' });
  expect(sysctl).toEqual({ disabled: undefined, group: undefined });
});

test.each([
  [{ '.dockerenv': '' }, {}, ['docker']],
  [{ 'run/.containerenv': '' }, {}, ['podman']],
  [{}, { KUBERNETES_SERVICE_HOST: '10.0.0.1' }, ['kubernetes']],
  [{ '.dockerenv': '' }, { KUBERNETES_SERVICE_HOST: '10.0.0.1' }, ['kubernetes', 'docker']],
  [{ 'proc/self/cgroup': '0::/kubepods.slice/pod1\n' }, {}, ['kubernetes']],
  [{ 'proc/self/cgroup': '0::/system.slice/docker-1.scope\n' }, {}, ['docker']],
  [{ 'proc/self/cgroup': '0::/machine.slice/libpod-1.scope\n' }, {}, ['podman']],
  [{ 'proc/self/cgroup': '0::/lxc.payload.box\n' }, {}, ['container']],
  [{ 'proc/self/cgroup': '0::/user.slice/user-1000.slice\n' }, {}, []],
])('the hints of %j with %j are %j', (files, environment, kinds) => {
  expect(read(files as Record<string, string>, environment).container.map(({ kind }) => kind)).toEqual(kinds);
});
