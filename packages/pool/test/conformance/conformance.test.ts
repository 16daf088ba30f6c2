// Every driver behaves alike: one description of what operations do, played on each of them.
import { describe, onTestFinished, test } from 'vitest';
import { BEHAVIOURS } from './behaviours.ts';
import { casts } from './casts.ts';
import { lacks } from './kernel.ts';
import { Stage } from './stage.ts';

for (const [name, cast] of Object.entries(casts)) {
  describe(name, () => {
    for (const [behaviour, play] of Object.entries(BEHAVIOURS)) {
      test(behaviour, (context) => {
        const lacking = lacks(name, behaviour);
        if (lacking !== undefined) context.skip(lacking);
        const { instead, ...rest } = cast();
        const stage = new Stage(rest);
        onTestFinished(() => stage.end());
        (instead?.[behaviour] ?? play)(stage);
      });
    }
  });
}
