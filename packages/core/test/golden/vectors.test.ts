// The checked-in vectors are what the C program prints, wherever it can be compiled.
import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';

const script = new URL('make-vectors.mjs', import.meta.url).href;
const { makeVectors, missing } = (await import(script)) as {
  readonly makeVectors: () => string;
  readonly missing: () => string | undefined;
};

test('vectors.json is what vectors.c prints', ({ skip }) => {
  const reason = missing();
  if (reason !== undefined && process.env['CI'] === undefined) skip(reason);
  expect(makeVectors()).toBe(readFileSync(new URL('vectors.json', import.meta.url), 'utf8'));
});
