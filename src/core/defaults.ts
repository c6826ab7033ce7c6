/** What every option is when it is not given. */
import type { CoreOptions } from './types.js';

export const defaults: CoreOptions = {
  level: 'auto',
  start: 'hint',
  refreshAhead: 60_000,
  clockTolerance: 2_000,
  timeout: 30_000,
  leadership: 'visible',
};
