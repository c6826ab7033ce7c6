/** The seeded simulation: what `npm run sim` and the tests run. Test-only; nothing of it is shipped. */
export { schedules } from './arbitrary.js';
export { explore, type Exploration } from './explore.js';
export { play, type Played } from './play.js';
export { read, write, type Schedule } from './schedule.js';
export { FAULTS } from './verb-names.js';
