// A live line that says how far a pass came: redrawn in place on a terminal, a line now and then elsewhere.

import { performance } from 'node:perf_hooks';

const REDRAW_MS = 100;
const LINE_MS = 2000;
const BAR_CELLS = 24;
/** Looks at the clock only once in so many steps. */
const STEPS_PER_LOOK = 32;
const MEGABYTE = 1e6;

/** Shows the progress of one pass after another. */
export class Progress {
  readonly #stream: NodeJS.WriteStream;
  readonly #everyMs: number;
  #label = '';
  #totalBytes = 0;
  #files = 0;
  #bytes = 0;
  #steps = 0;
  #shownAt = 0;

  constructor(stream: NodeJS.WriteStream) {
    this.#stream = stream;
    this.#everyMs = stream.isTTY ? REDRAW_MS : LINE_MS;
    this.#shownAt = performance.now();
  }

  /** A new pass begins. */
  begin(label: string, totalBytes: number): void {
    this.#label = label;
    this.#totalBytes = totalBytes;
    this.#files = 0;
    this.#bytes = 0;
  }

  /** More was done. Cheap enough for the timed part of a pass. */
  readonly advance = (files: number, bytes: number): void => {
    this.#files += files;
    this.#bytes += bytes;
    if (++this.#steps % STEPS_PER_LOOK !== 0) return;
    const now = performance.now();
    if (now - this.#shownAt < this.#everyMs) return;
    this.#shownAt = now;
    this.#stream.write(this.#stream.isTTY ? `\r\x1b[2K${this.#line()}` : `${this.#line()}\n`);
  };

  #line(): string {
    const part = this.#totalBytes > 0 ? Math.min(1, this.#bytes / this.#totalBytes) : 1;
    const cells = Math.round(part * BAR_CELLS);
    const bar = '█'.repeat(cells) + '░'.repeat(BAR_CELLS - cells);
    const percent = `${Math.round(part * 100)}%`.padStart(4);
    return `${bar} ${percent}  ${this.#label}: ${this.#files} files, ${(this.#bytes / MEGABYTE).toFixed(0)} MB`;
  }

  /** Takes the live line away, so that what is printed next starts on a clean one. */
  end(): void {
    if (this.#stream.isTTY) this.#stream.write('\r\x1b[2K');
  }
}
