import { expect, it } from 'vitest';
import { createStrictServer, createVirtualOrigin } from './index.js';

it('time moves no further than asked, although all that is due is kept back by a page that stands still', async () => {
  const origin = createVirtualOrigin({ seed: 1, server: createStrictServer().serve });
  const tab = origin.context();
  tab.ports.clock.after(50, () => {});
  tab.ports.clock.after(30_000, () => {});
  tab.cache();
  await origin.advance(200);
  expect(origin.now()).toBe(200);
  expect(await origin.until(() => false, 100)).toBe(false);
  expect(origin.now()).toBe(300);
});
