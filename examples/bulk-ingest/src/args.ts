// The command line: what to ingest and how. Pure.

/** What the user asked for. */
export interface Arguments {
  /** The directory; undefined: the repository's own dependencies. */
  readonly directory: string | undefined;
  readonly workers: number | undefined;
  readonly concurrency: number;
  readonly rounds: number;
  /** Size of the generated file in MiB; 0 for none; undefined: 256 with the default directory, else none. */
  readonly largeMib: number | undefined;
  readonly help: boolean;
}

/** The text of `--help`. */
export const USAGE = `Usage: pnpm demo [directory] [options]

Reads every file below the directory (default: this repository's node_modules, and one large generated file) through
Ringpool, through fs.promises and through readFileSync, checks every result, and compares the three.

  --workers N        I/O worker threads of the pool (default: the pool's own)
  --concurrency N    files in flight at once, for Ringpool and fs.promises alike (default: 64)
  --rounds N         timed rounds of each; the table shows medians (default: 21; large files: 3 at most)
  --large-mib N      size of the generated file in MiB, 0 for none (default: 256 without a directory, else 0)
  --help             this text
`;

const CONCURRENCY_DEFAULT = 64;
const ROUNDS_DEFAULT = 21;
const NUMBERS: Readonly<Record<string, readonly [min: number, max: number]>> = {
  '--workers': [1, 64],
  '--concurrency': [1, 4096],
  '--rounds': [1, 1000],
  '--large-mib': [0, 65_536],
};

/** A mistake of the user's, to be shown without a stack. */
export class UsageError extends Error {}

/** Reads the command line. @throws UsageError */
export function parseArguments(argv: readonly string[]): Arguments {
  const numbers = new Map<string, number>();
  let directory: string | undefined;
  let help = false;
  for (let index = 0; index < argv.length; index++) {
    const argument = argv[index] as string;
    if (argument === '--help' || argument === '-h') help = true;
    else if (argument === '--') continue;
    else if (argument in NUMBERS) numbers.set(argument, parseNumber(argument, argv[++index]));
    else if (argument.startsWith('-')) throw new UsageError(`there is no option ${argument}; see --help`);
    else if (directory !== undefined) throw new UsageError('give one directory, not several');
    else directory = argument;
  }
  return {
    directory,
    workers: numbers.get('--workers'),
    concurrency: numbers.get('--concurrency') ?? CONCURRENCY_DEFAULT,
    rounds: numbers.get('--rounds') ?? ROUNDS_DEFAULT,
    largeMib: numbers.get('--large-mib'),
    help,
  };
}

function parseNumber(name: string, text: string | undefined): number {
  const [min, max] = NUMBERS[name] as readonly [number, number];
  const value = Number(text);
  if (text === undefined || text === '' || !Number.isInteger(value) || value < min || value > max) {
    throw new UsageError(`${name} takes an integer from ${min} to ${max}`);
  }
  return value;
}
