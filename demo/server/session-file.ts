import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Store } from '../../src/server/index.js';
import { sqliteStore } from '../../src/server/sqlite.js';
import type { Clock } from './clock.js';

/**
 * The right stage's sessions, in an SQLite file of this run alone: each start finds none, as the first one did. The
 * folder is removed at the end, also when the process ends in the middle of something.
 */
export class SessionFile {
  readonly #folder = mkdtempSync(join(tmpdir(), 'tabaton-demo-'));
  readonly #remove = (): void => rmSync(this.#folder, { recursive: true, force: true });
  readonly store: Store;

  constructor(clock: Clock) {
    process.once('exit', this.#remove);
    this.store = sqliteStore({ file: join(this.#folder, 'sessions.db'), clock });
  }

  async close(): Promise<void> {
    await this.store.close();
    this.#remove();
    process.off('exit', this.#remove);
  }
}
