import { expect, it } from 'vitest';
import { full, tabs } from '../core/testing/tabs.js';

it('a scope that is not to be had keeps nobody from the token that is', async () => {
  const { open, outcome, script, origin } = tabs();
  const tab = open();
  await outcome(tab.session.getToken());
  for (let n = 0; n < 5; n++) {
    script.push({ status: 400, json: { error: 'invalid_request', reason: 'malformed', session: 'intact' } });
    expect((await outcome(tab.session.getToken({ scope: 'admin' }))).error?.code).toBe('endpoint_error');
  }
  const at = origin.now();
  script.push((request) => full(request, 9));
  expect((await outcome(tab.session.refresh())).value).toBe('token-9');
  expect(origin.now() - at).toBeLessThan(1_000);
});
