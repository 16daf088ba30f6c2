// Which thread it is, and whether it has ended: by its number at the operating system, where that can be looked up. Any
// thread of the process may ask. Source: proc(5), `/proc/thread-self` and `/proc/pid/task/tid/stat`.

import { readFileSync, readlinkSync, statSync } from 'node:fs';
import { threadId } from 'node:worker_threads';

/** A thread of this process. */
export interface Life {
  /** Node's number for it. */
  readonly threadId: number;
  /** The operating system's number; 0 where it does not tell. */
  readonly task: number;
  /** When it started, in ticks of the clock: numbers of tasks come again. 0 where that could not be read. */
  readonly startedTicks: number;
}

/** Fields of `stat` behind the name of the command, which may hold blanks. */
const STATE = 0;
const STARTED = 19;

const TASKS = '/proc/self/task';

/** What is known of a task of this process. */
interface Stat {
  readonly state: string;
  readonly startedTicks: number;
}

/** State and start of a task of this process; `'gone'` when there is no such task; undefined when that cannot be told. */
function statOf(task: number): Stat | 'gone' | undefined {
  try {
    const text = readFileSync(`${TASKS}/${task}/stat`, 'latin1');
    const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
    return { state: fields[STATE] as string, startedTicks: Number(fields[STARTED]) | 0 };
  } catch {
    // It has ended; or there is no descriptor left to read it by, and whoever takes it to have ended takes back memory that
    // it still uses.
    return isThere(TASKS) && !isThere(`${TASKS}/${task}`) ? 'gone' : undefined;
  }
}

/** Whether a name is not certainly nobody's. Takes no descriptor. */
function isThere(path: string): boolean {
  try {
    return statSync(path, { throwIfNoEntry: false }) !== undefined;
  } catch {
    return true;
  }
}

/** The calling thread. */
export function ownLife(): Life {
  try {
    const task = Number(readlinkSync('/proc/thread-self').split('/').at(-1));
    const stat = statOf(task);
    if (typeof stat === 'object') return { threadId, task, startedTicks: stat.startedTicks };
    if (isThere(`${TASKS}/${task}`)) return { threadId, task, startedTicks: 0 };
  } catch {
    // No Linux, or no /proc: then the thread's end is told by whoever started it, or by itself.
  }
  return { threadId, task: 0, startedTicks: 0 };
}

/** Whether a thread has certainly ended: no system call of it goes on. */
export function isOver({ task, startedTicks }: Pick<Life, 'task' | 'startedTicks'>): boolean {
  if (task === 0) return false;
  const stat = statOf(task);
  if (typeof stat !== 'object') return stat === 'gone';
  const another = startedTicks !== 0 && stat.startedTicks !== startedTicks;
  return another || stat.state === 'X' || stat.state === 'Z';
}

/** Whether there is a task of this number in this process, or whether that cannot be known. */
export function mayLive(task: number): boolean {
  return ownLife().task === 0 || statOf(task) !== 'gone';
}
