/** The seeded simulation: what `npm run sim` plays. Test-only; nothing of it is shipped. */
export { explore } from './explore.js';
export { play } from './play.js';
export { read } from './schedule.js';
export { FAULTS } from './verb-names.js';
