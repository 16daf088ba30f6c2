// Releases as distributions write them, against the floor.

import { KERNEL_FLOOR, meetsKernelFloor } from '@ringpool/native';
import { expect, test } from 'vitest';

test.each([
  [KERNEL_FLOOR, true],
  ['6.1.0-30-amd64', true],
  ['6.18.44-cloud-amd64', true],
  ['6.10.0', true],
  ['7.0.0-rc1', true],
  ['6.0.19', false],
  ['5.15.167.4-microsoft-standard-WSL2', false],
  ['5.14.0-503.el9.x86_64', false],
  ['4.4.0', false],
  ['', false],
  ['unknown', false],
])("'%s' meets the floor: %s", (release, meets) => {
  expect(meetsKernelFloor(release)).toBe(meets);
});
