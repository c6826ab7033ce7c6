/** What a page is told of itself, from the events of its window. */
import { afterEach, expect, it, vi } from 'vitest';
import { createLifecycle } from './lifecycle.js';

afterEach(() => vi.unstubAllGlobals());

const page = () => {
  const self = new EventTarget();
  vi.stubGlobal('self', self);
  vi.stubGlobal('parent', self);
  vi.stubGlobal('document', { visibilityState: 'visible' });
  const heard: string[] = [];
  const cancel = createLifecycle().listen((event) => heard.push(event));
  return { heard, cancel, say: (type: string) => self.dispatchEvent(new Event(type)) };
};

it.each([
  ['pagehide', 'pageshow'],
  ['freeze', 'resume'],
])('%s suspends, %s resumes', (away, back) => {
  const { heard, say } = page();
  say(away);
  expect(heard).toEqual(['suspend']);
  say(back);
  expect(heard).toEqual(['suspend', 'resume']);
});

it('of pagehide with freeze, and of resume with pageshow, one each is said', () => {
  const { heard, say } = page();
  for (const type of ['pagehide', 'freeze', 'resume', 'pageshow']) say(type);
  expect(heard).toEqual(['suspend', 'resume']);
});

it('nothing after it was told to stop', () => {
  const { heard, say, cancel } = page();
  cancel();
  for (const type of ['pagehide', 'online', 'visibilitychange']) say(type);
  expect(heard).toEqual([]);
});
