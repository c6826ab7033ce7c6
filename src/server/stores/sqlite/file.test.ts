/** The file: what is refused, who may read it, what survives, what is swept. */
import { spawnSync } from 'node:child_process';
import { chmodSync, copyFileSync, mkdirSync, mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { MisconfiguredError } from '../../config/misconfigured.js';
import { newFamily, type FamilyRecord } from '../../families/family.js';
import type { Store } from '../../store.js';
import { StoreUnavailableError } from '../../store.js';
import { fakeClock } from '../../testing/fake-clock.js';
import { bundleForNode } from '../../testing/node-process.js';
import { presentation } from '../contract/harness.js';
import { sqliteStore } from '../sqlite.js';
import { loadDriver, nodeSqlite, type SqliteDatabase } from './driver.js';
import { openSqlite } from './open.js';

let folder: string;
let file: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'tabaton-sqlite-'));
  file = join(folder, 'store.db');
});
afterEach(() => rmSync(folder, { recursive: true }));

function raw<T>(use: (database: SqliteDatabase) => T): T {
  const database = loadDriver(undefined)(file);
  try {
    return use(database);
  } finally {
    database.close();
  }
}
const refusal = (options: Parameters<typeof sqliteStore>[0]) => {
  try {
    sqliteStore(options);
  } catch (error) {
    expect(error).toBeInstanceOf(MisconfiguredError);
    return (error as Error).message;
  }
  throw new Error('It was accepted.');
};
async function newcomer(store: Store, id: string, lifeMs = 1e9, more: Partial<FamilyRecord> = {}) {
  const at = await store.now();
  const bare = newFamily({
    id, sid: id, client: 'web', credential: 'cookie', origin: 'o', sub: 'ada', claims: {}, scopes: [], label: null, parent: null,
    salt: 's', indexes: ['user:ada'], createdAt: at, absoluteExpiry: at + lifeMs, idleMs: lifeMs,
  });
  const record = { ...bare, ...more };
  await store.create(record);
  return record;
}

describe('refused at start, with what to do', () => {
  test('a folder that does not exist', () => {
    expect(refusal({ file: join(folder, 'none', 'store.db') })).toMatch(/^file: .*its folder does not exist\. Create it/);
  });
  test('a folder in the place of the file', () => {
    mkdirSync(file);
    expect(refusal({ file })).toMatch(/that is a folder\. Name a file in it/);
  });
  test('nothing, and memory', () => {
    expect(refusal({ file: '' })).toMatch(/needs a path of a file/);
    expect(refusal({ file: ':memory:' })).toMatch(/use memoryStore\(\)/);
  });
  test('an option that there is not', () => {
    expect(refusal({ file, drivr: 'libsql' } as never)).toMatch(/^drivr: there is no such option\. Use file, driver/);
  });
  test('a folder that cannot be written, though the file can', { timeout: 60_000 }, async () => {
    writeFileSync(file, '');
    chmodSync(file, 0o666);
    chmodSync(folder, 0o555);
    const bundle = await bundleForNode('src/server/sqlite.ts');
    // In a process of its own, because root may write everywhere and cannot come back from being somebody else.
    const script = `const { sqliteStore } = await import(${JSON.stringify(bundle.file)});
      if (process.getuid() === 0) process.setuid(65534);
      try { sqliteStore({ file: ${JSON.stringify(file)} }); } catch (error) { console.log(error.name, error.message); }`;
    const { stdout } = spawnSync(process.execPath, ['--input-type=module', '-e', script], { encoding: 'utf8' });
    bundle.remove();
    chmodSync(folder, 0o700);
    expect(stdout).toMatch(/^MisconfiguredError file: .*store\.db: its folder cannot be written \(EACCES\), and SQLite keeps its log beside the file/);
  });
  test('something that is no database', () => {
    writeFileSync(file, 'dear diary, '.repeat(100));
    expect(refusal({ file })).toMatch(/is not an SQLite database\. Name a file of its own/);
  });
  test('the database of another program', () => {
    raw((database) => database.exec('CREATE TABLE customer (id INTEGER)'));
    expect(refusal({ file })).toMatch(/database of another program\. Name a file of its own/);
    expect(raw((database) => database.prepare('SELECT name FROM sqlite_master').all())).toHaveLength(1);
  });
  test('the file of a newer version, which is left as it is', async () => {
    await sqliteStore({ file }).close();
    raw((database) => database.exec('PRAGMA user_version = 3'));
    expect(refusal({ file })).toMatch(/written by a newer tabaton \(layout 3, this one knows 2\)\. Update tabaton/);
    expect(raw((database) => database.prepare('PRAGMA user_version').all())).toMatchObject([{ user_version: 3 }]);
  });
  test('a library this runtime does not have', () => {
    if (nodeSqlite()) return expect(() => sqliteStore({ file, driver: 'node:sqlite' })).not.toThrow();
    expect(refusal({ file, driver: 'node:sqlite' })).toMatch(/no node:sqlite \(Node has it from 22\.13\)/);
  });
});

describe('the library', () => {
  test('that is not installed is named, with the command that installs it', { timeout: 60_000 }, async () => {
    // Outside of the repository there is no libsql to be found.
    const bundle = await bundleForNode('src/server/sqlite.ts', join(folder, 'bundle'));
    const { sqliteStore: elsewhere } = (await import(/* @vite-ignore */ bundle.file)) as { sqliteStore: typeof sqliteStore };
    expect(() => elsewhere({ file, driver: 'libsql' })).toThrow(/The SQLite library is not installed\. Run: npm install libsql/);
  });
});

describe('the file', () => {
  test('is readable by its owner alone, with all that lies beside it', async () => {
    const store = sqliteStore({ file });
    await newcomer(store, 'f');
    const files = readdirSync(folder);
    expect(files.length).toBeGreaterThan(1);
    for (const name of files) expect(statSync(join(folder, name)).mode & 0o077, name).toBe(0);
    await store.close();
  });

  test('keeps everything over a restart, and the rights it was given', async () => {
    const first = sqliteStore({ file });
    const record = await newcomer(first, 'f');
    await first.put('note', 'a\0b', { ttlMs: 1e6 });
    const event = await first.append('t', { type: 'rotated', data: { gen: 1 } });
    await first.close();
    chmodSync(file, 0o640);
    const second = sqliteStore({ file });
    expect(await second.read('f')).toEqual(record);
    expect(await second.find('user:ada')).toEqual(['f']);
    expect(await second.get('note')).toBe('a\0b');
    expect(Number(await second.append('t', { type: 'rotated', data: {} }))).toBeGreaterThan(Number(event));
    await second.close();
    expect(statSync(file).mode & 0o777).toBe(0o640);
  });

  test('of the layout before is brought up to date, and who has it open goes on', async () => {
    const first = sqliteStore({ file });
    const at = await first.now();
    const due = { dueAt: at, upstream: { ver: 1, sealed: 's', expiresAt: null, pending: null } };
    await newcomer(first, 'page', 1e9, due);
    await newcomer(first, 'mail', 1e9, { ...due, origin: 'service:mail' });
    await first.close();
    raw((database) => {
      for (const sql of ['DROP INDEX family_by_due', 'ALTER TABLE family DROP COLUMN service', 'CREATE INDEX family_by_due ON family (due_at) WHERE due_at IS NOT NULL', 'PRAGMA user_version = 1']) database.exec(sql);
    });
    const old = loadDriver(undefined)(file);
    const insert = old.prepare('INSERT INTO family (id, record, expires_at, seen_at, due_at) VALUES (?, ?, ?, ?, ?)');
    const second = sqliteStore({ file });
    insert.run('late', JSON.stringify({ ...(await second.read('page'))!, id: 'late' }), at + 1e9, at, at);
    old.close();
    const claim = { withinMs: 0, limit: 9, leaseMs: 1_000, seenWithinMs: 60_000 };
    expect(await second.claimDue({ ...claim, service: 'service:mail' })).toEqual(['mail']);
    expect((await second.claimDue({ ...claim, service: null })).sort()).toEqual(['late', 'page']);
    await second.close();
  });

  test('waits for the disk at the commits of families, and only there', async () => {
    const opened = openSqlite(file, undefined);
    const setting = (name: string) => [opened.durable, opened.quick].map((connection) => connection.rows<Record<string, unknown>>(`PRAGMA ${name}`)[0]![name]);
    const [FULL, NORMAL] = [2, 1];
    expect(setting('synchronous')).toEqual([FULL, NORMAL]);
    expect(setting('journal_mode')).toEqual(['wal', 'wal']);
    opened.close();
  });

  test('that was put back from an older copy heals forward, and blames nobody', async () => {
    const first = sqliteStore({ file });
    await newcomer(first, 'f');
    const now = (rot: number, ids: [string, ...string[]], floorMs = 0) => ({ ...presentation(rot, ids), floorMs });
    await first.present('f', now(0, ['a1']));
    await first.close();
    copyFileSync(file, join(folder, 'copy'));
    const second = sqliteStore({ file });
    await second.present('f', now(1, ['a2']));
    await second.present('f', now(2, ['a3']));
    await second.close();
    for (const side of ['', '-wal', '-shm']) rmSync(file + side, { force: true });
    copyFileSync(join(folder, 'copy'), file);
    const third = sqliteStore({ file });
    expect(await third.present('f', now(3, ['a4', 'a3', 'a2'], 35_000))).toMatchObject({ outcome: 'healed' });
    expect(await third.present('f', now(1, ['b'], 35_000))).toMatchObject({ outcome: 'raced' });
    expect(await third.present('f', now(3, ['a5']))).toMatchObject({ outcome: 'rotated', family: { rot: 4 } });
    await third.close();
  });

  test('is unavailable once closed, and closing waits for what is on its way', async () => {
    const store = sqliteStore({ file });
    const record = newcomer(store, 'f');
    await store.now();
    const closed = store.close();
    await record;
    await closed;
    await expect(store.read('f')).rejects.toThrow(StoreUnavailableError);
    await expect(store.hit('h', 1_000)).rejects.toThrow(/closed/);
  });
});

describe('the sweep', () => {
  const count = (table: string) => raw((database) => (database.prepare(`SELECT count(*) AS n FROM ${table}`).all()[0] as { n: number }).n);

  test('removes what has expired and nothing else, however much it is', async () => {
    const clock = fakeClock();
    const store = sqliteStore({ file, clock });
    await Promise.all(Array.from({ length: 1_200 }, (_, i) => newcomer(store, `short-${i}`, 30_000)));
    await newcomer(store, 'long');
    const tombstone = await newcomer(store, 'ended');
    await store.end(tombstone.id, 'revoked');
    await store.hit('old', 1_000);
    await store.put('old', 'x', { ttlMs: 1_000 });
    await store.acquire('old', { ttlMs: 1_000, waitMs: 0 });
    await store.append('t', { type: 'rotated', data: {} });
    await clock.advance(59_999);
    expect(count('family')).toBe(1_202);
    await clock.advance(1_000);
    // Each is found by its user and by its sid.
    expect([count('family'), count('family_index')]).toEqual([2, 4]);
    expect([count('hit'), count('note'), count('lease'), count('event')]).toEqual([0, 0, 0, 1]);
    expect(await store.read('ended')).toMatchObject({ state: 'ended', endedReason: 'revoked' });
    await clock.advance(3_600_000);
    expect(count('event')).toBe(0);
    await store.close();
  });

  test('ends with the store', async () => {
    const clock = fakeClock();
    const store = sqliteStore({ file, clock });
    await store.close();
    await clock.advance(600_000);
  });
});
