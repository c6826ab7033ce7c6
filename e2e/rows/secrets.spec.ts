/** Promise 6: after a full run no token and no refresh credential is anywhere script, disk or console can see. */
import { expect, levels, test } from '../harness/fixtures.js';
import { becomesActive } from '../harness/origin.js';
import { cut } from '../server/faults.js';

for (const level of levels)
  test.describe(`secrets, ${level}`, () => {
    test.use({ level });

    test('a full run leaves no token material in any storage, address or console line', async ({ origin }) => {
      const lines: string[] = [];
      origin.browser.on('console', (message) => lines.push(message.text()));
      origin.browser.on('weberror', (error) => lines.push(String(error.error().stack)));
      const tabs = await origin.signedIn(3);
      const issued = origin.server.journal;
      const worker = await tabs[0]!.add('worker', 'worker');
      await becomesActive([worker]);
      await Promise.all(origin.storm([...tabs, worker]).values());
      origin.backend.rest();
      await tabs[1]!.run('refresh');
      if (level === 'full') {
        origin.backend.rest();
        origin.server.faults.next('refresh', cut('after'));
        await tabs[2]!.run('refresh');
      }
      const cookieValues = [...issued.entries.map((entry) => entry.cookie), ...(await origin.cookies()).map((cookie) => cookie.value)];
      const secrets = [...origin.server.api.tokens, ...cookieValues.flatMap((line) => line.split(/[;=] */))].filter((text) => text.length >= 24);
      // Signatures alone would be a leak as well.
      const needles = new Set(secrets.flatMap((secret) => [secret, ...secret.split('.')]).filter((text) => text.length >= 24));
      expect(needles.size).toBeGreaterThan(4);

      const look = async (): Promise<Record<string, string>> => Object.assign({}, ...(await Promise.all(tabs.map((tab) => tab.run('belongings')))));
      const check = async (): Promise<void> => {
        const places: Record<string, string> = { ...(await look()), console: lines.join('\n'), events: JSON.stringify(await Promise.all(tabs.map((tab) => tab.run('events')))), snapshots: JSON.stringify(await Promise.all(tabs.map((tab) => tab.run('snapshot')))) };
        expect(places['indexedDB'], 'the ledger was looked at').toContain('generation');
        for (const [place, text] of Object.entries(places)) for (const needle of needles) expect(text.includes(needle), `${place} holds a secret: …${needle.slice(-6)}`).toBe(false);
      };
      await check();
      await tabs[0]!.run('signOut');
      await check();
    });
  });
