/**
 * The long run of the rotation's model check and the browser days: `npm run model`.
 * `npm run model -- --suite` keeps to the runs of the test suite, `-- --days` to the browser days.
 */
import { importModel } from './model-bundle.mjs';

const print = (line) => console.log(line);
const { reportModel } = await importModel('report');
const { reportDays } = await importModel('day-report');
const suite = process.argv.includes('--suite');
let wrong = process.argv.includes('--days') ? 0 : reportModel(() => performance.now(), print, suite ? 'suite' : 'all');
if (!suite) wrong += reportDays(print);
process.exitCode = wrong === 0 ? 0 : 1;
