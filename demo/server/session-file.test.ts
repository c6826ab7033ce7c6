import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { startDemo } from './demo.js';
import { SessionFile } from './session-file.js';
import { systemClock } from './clock.js';
import { Visitor } from './visitor.js';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'tabaton-demo-test-'));
  vi.stubEnv('TMPDIR', folder);
});
afterEach(() => {
  vi.unstubAllEnvs();
  rmSync(folder, { recursive: true });
});
const files = () => readdirSync(folder, { recursive: true }).map((name) => join(folder, String(name)));

it('keeps the sessions in SQLite while it is open, and leaves nothing behind', async () => {
  const sessions = new SessionFile(systemClock);
  await sessions.store.put('note', 'kept', { ttlMs: 60_000 });
  const file = files().find((path) => path.endsWith('.db'))!;
  expect(readFileSync(file).subarray(0, 15).toString()).toBe('SQLite format 3');
  await sessions.close();
  expect(files()).toEqual([]);
});

it('each start of the demo finds nobody signed in, whatever a browser still sends', async () => {
  const page = join(folder, 'page');
  const first = await startDemo({ page, latency: 0 });
  const visitor = new Visitor(first.url);
  await visitor.signIn();
  await first.close();
  expect(files()).toEqual([]);
  const second = await startDemo({ page, latency: 0, port: Number(new URL(first.url).port) });
  expect(await (await visitor.refresh(1)).json()).toMatchObject({ session: 'ended', reason: 'no_session' });
  await second.close();
  expect(files()).toEqual([]);
});
