/** The starred rows of the fault table, and the worker's half of three, in WebKit, the engine of Safari. There is no WebKitGTK but on Linux. */
import { testIn } from './fixtures.js';
import { rows } from './rows.contract.js';
import { webkit } from './webkit.js';
import { workerRows } from './worker.contract.js';

if (process.platform === 'linux') {
  const test = testIn(webkit);
  rows('WebKit', test);
  workerRows('WebKit', test);
}
