// Where the bench keeps its things. Only docs/ is ever committed; the rest is ignored by git and can be deleted.
import { fileURLToPath } from 'node:url';

const at = (path: string): string => fileURLToPath(new URL(path, import.meta.url));

/** C sources of the twins. */
export const TWINS_DIR: string = at('../twins/');
/** The compiled twins. */
export const BUILD_DIR: string = at('../build/');
/** JSON of the latest run of each question. */
export const RESULTS_DIR: string = at('../results/');
/** Results worth keeping, by `--record`, and the charts drawn from them. */
export const RECORDED_DIR: string = at('../../docs/results/');
export const CHARTS_DIR: string = at('../../docs/');
/** Generated test files. */
export const DATA_DIR: string = at('../../.data/');
/** The child programs that are our side of a question. */
export const SIDES_DIR: string = at('./sides/');
