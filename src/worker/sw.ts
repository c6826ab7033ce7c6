/** tabaton/sw.js: the whole worker as one classic script, to be registered as it is or loaded by `importScripts`. */
import { installWorker, type WorkerOptions } from './install.js';

// A script that loads this one may say before what it wants: `self.tabaton = { apis: [...] }`.
installWorker((globalThis as { tabaton?: WorkerOptions }).tabaton);
