import { afterEach, expect, it, vi } from 'vitest';
import type { ToWorker } from '../contract/worker.js';
import { createKeeper } from './keeper.js';

afterEach(() => vi.unstubAllGlobals());

/** Whatever is waited for does not come, unless it is here already. */
const clock = { after: (_: number, run: () => void) => (setImmediate(run), () => {}) };
const under = (answer: (message: ToWorker) => unknown) =>
  vi.stubGlobal('navigator', { serviceWorker: { controller: { postMessage: (message: ToWorker, [port]: MessagePort[]) => port!.postMessage(answer(message)) } } });
const patient = { after: () => () => {} };

it('asks the worker that controls the page', async () => {
  under(({ type }) => ({ tabaton: 1, version: '0', report: type === 'REPORT' ? { status: 'anonymous' } : undefined }));
  expect(await createKeeper(patient).ask(false)).toEqual({ status: 'anonymous' });
});

it.each([
  ['says something else', 'hello'],
  ['says nothing', undefined],
])('a worker that %s is another application’s: not_controlled', async (_, answer) => {
  under(() => answer);
  await expect(createKeeper(clock).ask(false)).rejects.toMatchObject({ code: 'not_controlled' });
});
