/** Row 10: a definitive rejection with N waiters is told to all, once, and never asked again. */
import { expect, levels, test } from '../harness/fixtures.js';
import { json } from '../server/faults.js';

const says = {
  full: { reason: 'revoked', body: (sid: string | undefined) => ({ error: 'invalid_grant', reason: 'revoked', session: 'ended', sid }) },
  plain: { reason: 'rejected', body: () => ({ error: 'invalid_grant' }) },
} as const;

for (const level of levels)
  test.describe(`row 10, ${level}`, () => {
    test.use({ level });

    test('ten tabs wait for a refresh that is refused for good', async ({ origin }) => {
      const tabs = await origin.signedIn(10);
      const { sid } = await tabs[0]!.run('snapshot');
      origin.server.faults.always('refresh', json(400, says[level].body(sid)));
      const answers = await Promise.all(origin.storm(tabs).values());
      for (const [n, tab] of tabs.entries()) {
        expect(answers[n]).toMatchObject({ ok: false, code: 'session_ended', reason: says[level].reason });
        expect(await tab.run('events', 'ended')).toHaveLength(1);
        expect(await tab.run('snapshot')).toMatchObject({ status: 'ended', reason: says[level].reason });
        expect(await tab.run('peek')).toBeNull();
      }
      const asked = origin.server.refreshes().length;
      expect(asked, 'one, and one re-check where the backend gives no session in its answer').toBeLessThanOrEqual(level === 'full' ? 1 : 2);
      for (const tab of tabs) expect(await tab.run('token')).toMatchObject({ ok: false, code: 'session_ended' });
      expect(origin.server.refreshes()).toHaveLength(asked);
    });
  });
