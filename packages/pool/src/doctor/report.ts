// A diagnosis as people read it, and as programs do. Pure.

import type { RingpoolError } from '@ringpool/core';
import type { Diagnosis, Finding } from '@ringpool/native';

/** The exit code for each verdict. */
export const EXIT_CODES: Readonly<Record<Diagnosis['verdict'], number>> = {
  ok: 0,
  degraded: 1,
  unavailable: 2,
};

const ARROW = '-> ';

/** What `driver: 'auto'` comes to on such a machine. */
function driverOf({ verdict }: Diagnosis): 'uring' | 'threads' {
  return verdict === 'unavailable' ? 'threads' : 'uring';
}

/** One line for each finding, below it what to do where it is not well, and the verdict in the last line. */
export function textReport(diagnosis: Diagnosis): string {
  const { findings, verdict } = diagnosis;
  const columns = [
    Math.max(...findings.map(({ name }) => name.length)),
    Math.max(...findings.map(({ state }) => state.length)),
  ] as const;
  const margin = ' '.repeat(columns[0] + 2);
  const lines = findings.flatMap((finding, index) => {
    const { name, state, detail } = finding;
    const line = `${name.padEnd(columns[0])}  ${state.padEnd(columns[1])}  ${detail}`;
    const remedy = remedyOf(finding, findings.slice(0, index));
    return remedy === undefined ? [line] : [line, `${margin}${ARROW}${remedy}`];
  });
  return `${lines.join('\n')}\n\nverdict: ${verdict}; driver 'auto' takes ${driverOf(diagnosis)}${reasonOf(diagnosis)}\n`;
}

/** What to do, once: a cause and what it keeps from working have the same remedy. */
function remedyOf({ remedy, code, anchor }: Finding, before: readonly Finding[]): string | undefined {
  if (remedy === undefined) return undefined;
  const said = before.find((finding) => finding.remedy === remedy);
  const what = said === undefined ? remedy : `As for ${said.name}.`;
  return code === undefined ? what : `${what} (${code}, ${anchor})`;
}

function reasonOf({ findings, verdict }: Diagnosis): string {
  const first = findings.find(({ state }) => state === 'missing');
  return verdict !== 'unavailable' || first === undefined ? '' : `: ${first.detail}`;
}

/** The whole diagnosis as one JSON document. A limit that is none is null. */
export function jsonReport(diagnosis: Diagnosis): string {
  const { verdict, error, ...rest } = diagnosis;
  const document = {
    verdict,
    exitCode: EXIT_CODES[verdict],
    driver: driverOf(diagnosis),
    ...rest,
    ...(error === undefined ? {} : { error: errorFields(error) }),
  };
  return `${JSON.stringify(document, undefined, 2)}\n`;
}

/** An error's message is no field of its own to JSON, and its stack is nobody's business here. */
function errorFields({ code, message, errno, syscall, op, hint }: RingpoolError): object {
  return { code, message, errno, syscall, op, hint };
}
