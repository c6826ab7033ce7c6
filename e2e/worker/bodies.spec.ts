/** What a 401 does to a request with a body: kept for one replay up to 1 MiB, streamed and never kept beyond. */
import { expect, test } from '../harness/fixtures.js';
import type { Page } from '@playwright/test';
import { plain, underWorker } from './plain.js';

const send = (page: Page, bytes: number, how: 'text' | 'blob' | 'form') =>
  page.evaluate(
    async ([size, kind]) => {
      const text = 'x'.repeat(size);
      const form = new FormData();
      form.set('file', new Blob([text]), 'file.txt');
      const answer = await fetch('/api/upload', { method: 'POST', body: kind === 'text' ? text : kind === 'blob' ? new Blob([text]) : form });
      return { status: answer.status, length: ((await answer.json()) as { echo?: string }).echo?.length };
    },
    [bytes, how] as const,
  );

for (const how of ['text', 'blob', 'form'] as const)
  test(`a ${how} body of 1 MiB is sent again after a 401`, async ({ origin }) => {
    await underWorker(origin);
    const page = await plain(origin);
    const size = how === 'form' ? 1_000_000 : 1_048_576;
    expect((await send(page, 10, how)).status).toBe(200);
    origin.backend.rest();
    origin.server.api.expireAll();
    const { status, length } = await send(page, size, how);
    expect(status).toBe(200);
    expect(length! - size).toBeLessThan(how === 'form' ? 400 : 1);
    expect(origin.server.journal.of('api').slice(-2).map(({ status: seen }) => seen)).toEqual([401, 200]);
  });

test('a longer body is sent once: its 401 comes back, and the next request has the new token', async ({ origin }) => {
  await underWorker(origin);
  const page = await plain(origin);
  expect((await send(page, 10, 'text')).status).toBe(200);
  origin.backend.rest();
  origin.server.api.expireAll();
  expect(await send(page, 1_048_577, 'text')).toMatchObject({ status: 401 });
  expect(origin.server.journal.of('api').filter(({ body }) => body.length > 1_000_000)).toHaveLength(1);
  await expect.poll(() => origin.server.refreshes().length).toBe(1);
  expect((await send(page, 2_000_000, 'blob')).status).toBe(200);
  expect(origin.server.refreshes()).toHaveLength(1);
});
