/**
 * The long run of the rotation's model check and the browser days: `npm run model`.
 * `npm run model -- --suite` keeps to the runs of the test suite, `-- --days` to the browser days.
 */
import { argumentsOf } from './arguments.mjs';
import { importModel } from './model-bundle.mjs';

const { suite, days } = argumentsOf('npm run model [-- --suite] [--days]', { suite: { type: 'boolean' }, days: { type: 'boolean' } });
const print = (line) => console.log(line);
const { reportModel } = await importModel('report');
const { reportDays } = await importModel('day-report');
let wrong = 0;
if (suite || !days) wrong += reportModel(() => performance.now(), print, suite ? 'suite' : 'all');
if (days || !suite) wrong += reportDays(print);
process.exitCode = wrong === 0 ? 0 : 1;
