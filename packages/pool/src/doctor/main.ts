#!/usr/bin/env node
// What `npx @ringpool/pool` runs: reads the command line, asks, prints, and sets the exit code. Opens no pool and starts no
// thread, so that it works where neither could.

import { diagnose } from '@ringpool/native';

import { parseArguments, USAGE } from './arguments.ts';
import { EXIT_CODES, jsonReport, textReport } from './report.ts';

/** EX_USAGE of sysexits.h. */
const EXIT_USAGE = 64;

const command = parseArguments(process.argv.slice(2));
switch (command.name) {
  case 'help':
    process.stdout.write(USAGE);
    break;
  case 'misused':
    process.stderr.write(`ringpool: ${command.mistake}\n\n${USAGE}`);
    process.exitCode = EXIT_USAGE;
    break;
  case 'doctor': {
    const diagnosis = diagnose({ path: command.path });
    process.stdout.write(command.json ? jsonReport(diagnosis) : textReport(diagnosis));
    process.exitCode = EXIT_CODES[diagnosis.verdict];
  }
}
