// The command line of `npx @ringpool/pool`. Pure.

/** What the user asked for. */
export type Command =
  | { readonly name: 'help' }
  | { readonly name: 'doctor'; readonly json: boolean; readonly path: string | undefined }
  /** A mistake, to be shown with the usage. */
  | { readonly name: 'misused'; readonly mistake: string };

/** The text of `--help`. */
export const USAGE = `Usage: ringpool doctor [--json] [--path FILE]

Says what this machine and process allow: whether io_uring can be used, what is in its way, and what to do about it.

  --json         one JSON document, for programs
  --path FILE    a file, or a block device, to ask for its alignment for O_DIRECT; it is opened, and not read
  --help         this text

Exit code: 0 io_uring works fully, 1 it works in a lesser form, 2 it cannot be used, 64 the command line is wrong.
`;

/** Reads the command line. */
export function parseArguments(argv: readonly string[]): Command {
  const [command, ...options] = argv;
  if (argv.some((word) => word === '--help' || word === '-h')) return { name: 'help' };
  if (command === undefined) return misused('there is no command');
  if (command !== 'doctor') return misused(`there is no command '${command}'`);
  let json = false;
  let path: string | undefined;
  for (let index = 0; index < options.length; index++) {
    const option = options[index] as string;
    if (option === '--json') json = true;
    else if (option === '--path') path = options[++index] ?? '';
    else if (option.startsWith('--path=')) path = option.slice('--path='.length);
    else return misused(`doctor takes no '${option}'`);
    if (path === '') return misused('--path takes the name of a file');
  }
  return { name: 'doctor', json, path };
}

function misused(mistake: string): Command {
  return { name: 'misused', mistake };
}
