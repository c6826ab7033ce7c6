/** The starred rows of the fault table, and the worker's half of three, in Firefox. */
import { firefox } from './firefox.js';
import { testIn } from './fixtures.js';
import { rows } from './rows.contract.js';
import { workerRows } from './worker.contract.js';

const test = testIn(firefox);
rows('Firefox', test);
workerRows('Firefox', test);
