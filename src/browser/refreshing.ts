/** What is loaded when a session may have to refresh: the protocol, and the endpoint port it speaks through. */
export { createProtocol } from '../core/protocol.js';
export { createKeeperLater } from './later-keeper.js';
export { createEndpoint } from './endpoint.js';
