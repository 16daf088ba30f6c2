// The doctor's command line.
import { expect, test } from 'vitest';
import { parseArguments } from '../../src/doctor/arguments.ts';

test.each([
  [['doctor'], { name: 'doctor', json: false, path: undefined }],
  [['doctor', '--json'], { name: 'doctor', json: true, path: undefined }],
  [['doctor', '--path', 'a b', '--json'], { name: 'doctor', json: true, path: 'a b' }],
  [['doctor', '--path=a=b'], { name: 'doctor', json: false, path: 'a=b' }],
  [['--help'], { name: 'help' }],
  [['doctor', '-h', '--bogus'], { name: 'help' }],
])('%j is understood', (argv, command) => {
  expect(parseArguments(argv)).toEqual(command);
});

test.each([
  [[], /no command/],
  [['docter'], /'docter'/],
  [['doctor', 'x'], /'x'/],
  [['doctor', '--jsn'], /'--jsn'/],
  [['doctor', '--path'], /--path takes/],
  [['doctor', '--path='], /--path takes/],
])('%j is a mistake, which is named', (argv, mistake) => {
  expect(parseArguments(argv)).toEqual({ name: 'misused', mistake: expect.stringMatching(mistake) });
});
