// All behaviours of a driver, by what they say.
import { controlBehaviours } from './behaviours-control.ts';
import { fileBehaviours } from './behaviours-files.ts';
import { pathBehaviours } from './behaviours-paths.ts';
import type { Stage } from './stage.ts';

/** What every driver does. */
export const BEHAVIOURS: Readonly<Record<string, (stage: Stage) => void>> = {
  ...controlBehaviours,
  ...fileBehaviours,
  ...pathBehaviours,
};
