/** The starred rows of the fault table in Firefox. */
import { firefox } from './firefox.js';
import { rows } from './rows.contract.js';

rows('Firefox', firefox);
