/** The core's ports on the web platform. */
export type { EndpointCall, EndpointFunction, EndpointOption, EndpointRoutes, Given } from './routes.js';
export { checkOptions, type ApiOption, type SessionOptions } from './options.js';
export { createPorts, type BrowserPorts } from './ports.js';
export { here } from './routes.js';
