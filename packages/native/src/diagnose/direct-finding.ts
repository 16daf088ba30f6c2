// What a file's answer to O_DIRECT comes to. Pure.

import type { DirectFacts } from './facts.ts';
import { degraded, type Finding, ok } from './finding.ts';

const NAME = 'O_DIRECT';
/** Enough for every block device in use: the page, which is the largest logical block that Linux takes for granted. */
const SAFE_ALIGNMENT_BYTES = 4096;

/** The finding about one file. */
export function directFinding(facts: DirectFacts): Finding {
  const { path } = facts;
  switch (facts.outcome) {
    case 'aligned':
      return ok(
        NAME,
        `${path}: memory at ${facts.memoryBytes} bytes, offsets and lengths at ${facts.offsetBytes}`,
      );
    case 'untold':
      return degraded(NAME, {
        detail: `${path} opens, and its alignment is not known: ${facts.why}`,
        remedy: `Align memory, offsets and lengths to ${SAFE_ALIGNMENT_BYTES} bytes, and look out for EINVAL.`,
        code: 'EINVAL',
      });
    case 'in memory':
      return degraded(NAME, {
        detail: `${path} lies in memory (tmpfs): O_DIRECT changes nothing there`,
        remedy: 'Put the file on a disk, or open it without O_DIRECT.',
      });
    case 'refused':
      return degraded(NAME, {
        detail: `${path} does no direct I/O`,
        remedy: 'Put the file on a file system that does, such as ext4 or XFS, or open it without O_DIRECT.',
        code: 'EINVAL',
      });
    case 'not a file':
      return degraded(NAME, {
        detail: `${path} is ${facts.kind}`,
        remedy: 'Name a regular file, on the file system that is to be used, or a block device.',
      });
    case 'not opened':
      return degraded(NAME, {
        detail: `${path} cannot be opened: ${facts.code}`,
        remedy: 'Name a file that exists and that this user may read.',
        code: facts.code,
      });
  }
}
