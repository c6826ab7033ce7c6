import type { Demo, DemoOptions } from './server/demo.js';

export type { Demo } from './server/demo.js';
/** Builds what is stale and starts the demo; `page` and `nodeFile` are set by the starter. */
export function startDemo(options?: Partial<DemoOptions>): Promise<Demo>;
