/** What the worker signs and what it leaves alone, for pages that load no SDK at all. */
import { expect, test } from '../harness/fixtures.js';
import { get, plain, underWorker } from './plain.js';

test('fetch, XHR and EventSource of a page without any SDK code carry a token', async ({ origin }) => {
  await underWorker(origin);
  const page = await plain(origin);
  expect(await get(page)).toMatchObject({ status: 200, user: 'ada' });
  const xhr = await page.evaluate(
    () =>
      new Promise<{ status: number; text: string }>((done) => {
        const request = new XMLHttpRequest();
        request.open('PUT', '/api/xhr');
        request.onload = () => done({ status: request.status, text: request.responseText });
        request.send('a body');
      }),
  );
  expect(xhr).toMatchObject({ status: 200 });
  expect(JSON.parse(xhr.text)).toMatchObject({ user: 'ada', echo: 'a body', method: 'PUT' });
  origin.server.faults.next('api', async (x) => {
    const acted = await x.act();
    await x.send(acted.status === 200 ? new Response('data: hello\n\n', { headers: { 'content-type': 'text/event-stream' } }) : acted);
  });
  const event = await page.evaluate(
    () =>
      new Promise<string>((done) => {
        const source = new EventSource('/api/events');
        source.onmessage = ({ data }) => (source.close(), done(data));
        source.onerror = () => (source.close(), done('error'));
      }),
  );
  expect(event).toBe('hello');
  expect(origin.server.api.anonymous).toBe(0);
  expect(origin.server.refreshes(), 'a page is open in attach mode: it hands its token on').toHaveLength(0);
});
