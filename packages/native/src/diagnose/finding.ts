// One line of a diagnosis, and what all lines come to. Pure.

/** How the thing stands that a {@link Finding} is about. */
export type FindingState = 'ok' | 'degraded' | 'missing';

/** What all findings come to: io_uring works fully, works in a lesser form, or cannot be used. */
export type Verdict = 'ok' | 'degraded' | 'unavailable';

/** One line of a {@link Diagnosis}: what was looked at, how it stands, and one remedy when it is not well. */
export interface Finding {
  /** What was looked at, such as `'seccomp'`. Stable across releases. */
  readonly name: string;
  /** `'degraded'`: it works in a lesser form. `'missing'`: without it io_uring is not used. */
  readonly state: FindingState;
  /** What was found, in one line for a person. */
  readonly detail: string;
  /** What to do next, in one sentence. Always there unless the state is `'ok'`. */
  readonly remedy?: string;
  /** The code of the error that this comes to: `ERR_RINGPOOL_*` or the errno's name. */
  readonly code?: string;
  /** Where that code is explained: a path of the repository, with the heading's anchor. */
  readonly anchor?: string;
}

/** What {@link degraded} and {@link missing} say besides the name. */
export interface Trouble {
  readonly detail: string;
  readonly remedy: string;
  readonly code?: string | undefined;
}

const ERRORS_PAGE = 'docs/errors.md';

/** Where a code is explained. An errno's name has no heading of its own: the top of the page says what it means. */
function anchorOf(code: string): string {
  return `${ERRORS_PAGE}#${code.startsWith('ERR_RINGPOOL_') ? code.toLowerCase() : 'errors'}`;
}

/** A finding with nothing to do about it. */
export function ok(name: string, detail: string): Finding {
  return { name, state: 'ok', detail };
}

/** A finding that costs something, and leaves io_uring in use. */
export function degraded(name: string, trouble: Trouble): Finding {
  return troubled(name, 'degraded', trouble);
}

/** A finding that keeps io_uring from being used. */
export function missing(name: string, trouble: Trouble): Finding {
  return troubled(name, 'missing', trouble);
}

function troubled(name: string, state: FindingState, { detail, remedy, code }: Trouble): Finding {
  return { name, state, detail, remedy, ...(code === undefined ? {} : { code, anchor: anchorOf(code) }) };
}

/** What the findings come to together. */
export function verdictOf(findings: readonly Finding[]): Verdict {
  if (findings.some(({ state }) => state === 'missing')) return 'unavailable';
  return findings.some(({ state }) => state === 'degraded') ? 'degraded' : 'ok';
}
