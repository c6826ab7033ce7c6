/** The starred rows of the fault table in WebKit, the engine of Safari. There is no WebKitGTK but on Linux. */
import { rows } from './rows.contract.js';
import { webkit } from './webkit.js';

if (process.platform === 'linux') rows('WebKit', webkit);
