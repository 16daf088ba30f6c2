// A diagnosis as text and as JSON.
import { type Diagnosis, RingpoolError } from '@ringpool/pool';
import { describe, expect, test } from 'vitest';
import { EXIT_CODES, jsonReport, textReport } from '../../src/doctor/report.ts';

const MEMLOCK = { code: 'ERR_RINGPOOL_MEMLOCK', anchor: 'docs/errors.md#err_ringpool_memlock' };
const blocked: Diagnosis = {
  available: false,
  verdict: 'unavailable',
  error: new RingpoolError('ERR_RINGPOOL_MEMLOCK', 'too little', { errno: 12, hint: 'Raise it.' }),
  kernel: '6.18.0',
  seccomp: 0,
  memlock: { limitBytes: 0, hardLimitBytes: Infinity, pinnedBytes: 0, exempt: false },
  flags: [],
  features: [],
  opcodes: [],
  missingOpcodes: ['nop'],
  registeredBuffers: false,
  cloneBuffers: false,
  findings: [
    { name: 'io_uring', state: 'missing', detail: 'too little', remedy: 'Raise it.', ...MEMLOCK },
    { name: 'kernel', state: 'ok', detail: 'linux 6.18.0' },
    { name: 'memlock', state: 'missing', detail: 'the limit is 0 B', remedy: 'Raise it.', ...MEMLOCK },
    { name: 'O_DIRECT', state: 'degraded', detail: 'a pipe', remedy: 'Name a file.' },
  ],
};
const well: Diagnosis = { ...blocked, verdict: 'ok', findings: [blocked.findings[1] as never] };

describe('as text', () => {
  test('is a table, with a remedy below what is not well, said once, and the verdict last', () => {
    expect(textReport(blocked)).toBe(`\
io_uring  missing   too little
          -> Raise it. (ERR_RINGPOOL_MEMLOCK, docs/errors.md#err_ringpool_memlock)
kernel    ok        linux 6.18.0
memlock   missing   the limit is 0 B
          -> As for io_uring. (ERR_RINGPOOL_MEMLOCK, docs/errors.md#err_ringpool_memlock)
O_DIRECT  degraded  a pipe
          -> Name a file.

verdict: unavailable; driver 'auto' takes threads: too little
`);
  });

  test('names the driver without a reason where io_uring works', () => {
    expect(textReport(well)).toBe("kernel  ok  linux 6.18.0\n\nverdict: ok; driver 'auto' takes uring\n");
    expect(textReport({ ...well, verdict: 'degraded' })).toMatch(/verdict: degraded; .* takes uring\n$/);
  });
});

describe('as JSON', () => {
  test('has everything, the error by its fields', () => {
    const { error, ...rest } = blocked;
    const document = JSON.parse(jsonReport(blocked)) as Record<string, unknown>;
    expect(document).toEqual({
      ...rest,
      exitCode: 2,
      driver: 'threads',
      memlock: { ...rest.memlock, hardLimitBytes: null },
      error: { code: 'ERR_RINGPOOL_MEMLOCK', message: error?.message, errno: 12, hint: 'Raise it.' },
    });
  });

  test('has no error where there is none', () => {
    const { error: _, ...rest } = well;
    expect(JSON.parse(jsonReport(rest))).toMatchObject({ driver: 'uring', exitCode: 0 });
    expect(JSON.parse(jsonReport(rest))).not.toHaveProperty('error');
  });
});

test('each verdict has its exit code', () => {
  expect(EXIT_CODES).toEqual({ ok: 0, degraded: 1, unavailable: 2 });
});
