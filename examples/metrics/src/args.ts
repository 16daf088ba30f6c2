// The command line. Pure.

/** What the user asked for. */
export interface Arguments {
  /** Where to serve; undefined: print once and end. */
  readonly port: number | undefined;
  readonly help: boolean;
}

/** The text of `--help`. */
export const USAGE = `Usage: pnpm metrics [--port N]

Reads a file through a pool from two threads, and shows the pool's metrics in the text format of Prometheus.

  --port N    serve them at http://127.0.0.1:N/metrics until interrupted (0: a free port); without it, print them once
  --help      this text
`;

const PORT_MAX = 65_535;

/** A mistake of the user's, to be shown without a stack. */
export class UsageError extends Error {}

/** Reads the command line. @throws UsageError */
export function parseArguments(argv: readonly string[]): Arguments {
  let port: number | undefined;
  let help = false;
  for (let index = 0; index < argv.length; index++) {
    const argument = argv[index];
    if (argument === '--help' || argument === '-h') help = true;
    else if (argument === '--port') port = parsePort(argv[++index]);
    else if (argument !== '--') throw new UsageError(`there is no argument ${argument}; see --help`);
  }
  return { port, help };
}

function parsePort(text: string | undefined): number {
  const port = Number(text);
  if (text !== undefined && /^\d+$/.test(text) && port <= PORT_MAX) return port;
  throw new UsageError(`--port takes a number from 0 to ${PORT_MAX}`);
}
