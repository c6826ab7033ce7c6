/**
 * The tables, and the version of their layout in the file's own header.
 *
 * `record` is the whole family as JSON; the columns beside it repeat what queries select by.
 */
import { MisconfiguredError } from '../../config/misconfigured.js';
import { SERVICE } from '../../families/family.js';
import type { SqliteConnection } from './connection.js';

/** "tabt": marks the file as ours. */
const APPLICATION_ID = 0x74616274;
/** Raised with every change of the layout; `MIGRATIONS[n]` leads from version n to n + 1. */
const SCHEMA_VERSION = 2;

const MIGRATIONS: readonly (readonly string[])[] = [
  [
    `CREATE TABLE family (
       id TEXT PRIMARY KEY, record TEXT NOT NULL, expires_at INTEGER NOT NULL, seen_at INTEGER NOT NULL,
       due_at INTEGER, claimed_until INTEGER NOT NULL DEFAULT 0
     ) WITHOUT ROWID`,
    'CREATE INDEX family_by_expiry ON family (expires_at)',
    'CREATE INDEX family_by_due ON family (due_at) WHERE due_at IS NOT NULL',
    'CREATE TABLE family_index (name TEXT NOT NULL, family TEXT NOT NULL, PRIMARY KEY (name, family)) WITHOUT ROWID',
    'CREATE INDEX family_index_by_family ON family_index (family)',
    'CREATE TABLE lease (name TEXT PRIMARY KEY, owner TEXT NOT NULL, until INTEGER NOT NULL) WITHOUT ROWID',
    // AUTOINCREMENT: an id is never given twice, even when the newest rows have been swept.
    `CREATE TABLE event (
       id INTEGER PRIMARY KEY AUTOINCREMENT, topic TEXT NOT NULL, type TEXT NOT NULL, data TEXT NOT NULL, at INTEGER NOT NULL
     )`,
    'CREATE INDEX event_by_topic ON event (topic, id)',
    'CREATE INDEX event_by_age ON event (at)',
    'CREATE TABLE hit (key TEXT PRIMARY KEY, count INTEGER NOT NULL, reset_at INTEGER NOT NULL) WITHOUT ROWID',
    'CREATE INDEX hit_by_reset ON hit (reset_at)',
    'CREATE TABLE note (key TEXT PRIMARY KEY, value TEXT NOT NULL, expires_at INTEGER NOT NULL) WITHOUT ROWID',
    'CREATE INDEX note_by_expiry ON note (expires_at)',
  ],
  // Whose due queue a family is in.
  [
    'ALTER TABLE family ADD COLUMN service TEXT',
    `UPDATE family SET service = json_extract(record, '$.origin') WHERE json_extract(record, '$.origin') LIKE '${SERVICE}%'`,
    'DROP INDEX family_by_due',
    'CREATE INDEX family_by_due ON family (service, due_at) WHERE due_at IS NOT NULL',
  ],
];

/**
 * Creates the tables of a new file, brings an older one up to date.
 * @throws MisconfiguredError for a file of a newer version, or of another program.
 */
export function ensureSchema(connection: SqliteConnection, file: string): void {
  connection.run('BEGIN IMMEDIATE');
  try {
    const version = pragma(connection, 'user_version');
    const owner = pragma(connection, 'application_id');
    const tables = connection.rows("SELECT name FROM sqlite_master WHERE type = 'table'").length;
    if (owner !== APPLICATION_ID && (owner !== 0 || version !== 0 || tables > 0)) {
      throw new MisconfiguredError('file', `${file} is the SQLite database of another program. Name a file of its own.`);
    }
    if (version > SCHEMA_VERSION) {
      throw new MisconfiguredError(
        'file',
        `${file} was written by a newer tabaton (layout ${version}, this one knows ${SCHEMA_VERSION}). ` +
          'Update tabaton on this machine, or name another file; there is no way back for this one.',
      );
    }
    for (const step of MIGRATIONS.slice(version)) for (const sql of step) connection.run(sql);
    connection.run(`PRAGMA application_id = ${APPLICATION_ID}`);
    connection.run(`PRAGMA user_version = ${SCHEMA_VERSION}`);
    connection.run('COMMIT');
  } catch (error) {
    connection.rollback();
    throw error;
  }
}

function pragma(connection: SqliteConnection, name: string): number {
  const [row] = connection.rows<Record<string, number>>(`PRAGMA ${name}`);
  return row?.[name] ?? 0;
}
