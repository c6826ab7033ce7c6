/** npm run lint [-- --update]: the checks of `lintSteps`. `--update` rewrites the API reports instead of comparing them. */
import { argumentsOf } from './arguments.mjs';
import { lintSteps } from './plan.mjs';
import { runSteps } from './steps.mjs';

const { update } = argumentsOf('npm run lint [-- --update]', { update: { type: 'boolean' } });
const steps = lintSteps.map((step) => (update && step.name === 'api' ? { ...step, command: [...step.command, '--update'] } : step));
process.exit((await runSteps(steps)) ? 0 : 1);
