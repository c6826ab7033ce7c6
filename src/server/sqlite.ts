/** tabaton/server/sqlite: the durable store of one machine. */
export { sqliteStore } from './stores/sqlite.js';
export type { SqliteStoreOptions } from './stores/sqlite.js';
export type { SqliteDriverName } from './stores/sqlite/driver.js';
