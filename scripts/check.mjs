/** npm run check: the static half of CI, typecheck, lint and size. */
import { argumentsOf } from './arguments.mjs';
import { checkSteps } from './plan.mjs';
import { runSteps } from './steps.mjs';

argumentsOf('npm run check');
process.exit((await runSteps(checkSteps)) ? 0 : 1);
