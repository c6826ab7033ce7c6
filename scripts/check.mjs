/** npm run check: the static half of CI, typecheck, lint and size. */
import { checkSteps } from './plan.mjs';
import { runSteps } from './steps.mjs';

process.exit((await runSteps(checkSteps)) ? 0 : 1);
