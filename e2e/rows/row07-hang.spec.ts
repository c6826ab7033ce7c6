/** Row 7: the refresh never answers, or its body never ends. */
import { expect, levels, test } from '../harness/fixtures.js';
import { getsToken } from '../harness/origin.js';
import { stillAlive } from '../harness/victim.js';
import { dribble, silence } from '../server/faults.js';

for (const level of levels)
  test.describe(`row 7, ${level}`, () => {
    test.use({ level });
    // `silence`: a strict server that rotated and never said so has ended the session by itself (row 8).
    for (const [title, fault] of [
      ['never answers', silence(level === 'full' ? 'after' : 'before')],
      ['sends its body byte by byte without end', dribble],
    ] as const)
      test(`a refresh that ${title} is given up at its own deadline and done once more`, async ({ origin }) => {
        const tabs = await origin.signedIn(3);
        origin.server.faults.next('refresh', fault);
        await Promise.allSettled(origin.storm(tabs).values());
        await getsToken(tabs);
        const [first, second] = origin.server.refreshes();
        expect(origin.server.refreshes()).toHaveLength(2);
        // Its 10 s run from its start, a moment before it arrived. The server cannot see that it was given up:
        // Chromium keeps a keepalive request that has no answer yet (see the canaries).
        expect(second!.at - first!.at).toBeGreaterThan(9_000);
        await stillAlive(origin, tabs);
      });
  });
