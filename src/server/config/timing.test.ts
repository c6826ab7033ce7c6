import { expect, test } from 'vitest';
import { DEADLINE_MS, MIN_ROTATION_MS, RACE_MS, SERVER_TIME_MS, SETTLE_AFTER_MS } from '../../contract/wire.js';
import { timingOf } from './timing.js';

test('left alone, the endpoint keeps the times that the wire contract names', () => {
  expect(timingOf()).toMatchObject({ deadlineMs: DEADLINE_MS, raceMs: RACE_MS, floorMs: MIN_ROTATION_MS, settleAfterMs: SETTLE_AFTER_MS, serverTimeMs: SERVER_TIME_MS });
});
