/** The browser days as a table, for `npm run model` and the threat model's figures. */
import { fair, HABITS, PEERS, rough, simulateDays, type DaysResult } from './browser-day.js';
import { lateReplayHasToken } from './variants.js';

const percent = (part: number, whole: number): string => (whole === 0 ? '–' : `${((100 * part) / whole).toFixed(1)} %`);

export function reportDays(print: (line: string) => void, days = 300): number {
  let wrong = 0;
  print(`Browser days, lifetime 5 min, ${days} seeded days each; false logouts, without a thief:`);
  const weathers = {
    'one tab, 1 % loss': { ...fair, loss: 0.01 },
    'one tab, lid closed mid-refresh': { ...fair, lid: 0.0005 },
    'three uncoordinated tabs': { ...fair, tabs: 3 },
    'three tabs, loss, lid, kills, resends': rough,
  };
  for (const [name, weather] of Object.entries(weathers)) {
    const ours = simulateDays(days, weather);
    const strict = simulateDays(days, weather, null, PEERS.strict);
    const grace = simulateDays(days, weather, null, PEERS.grace);
    if (ours.revoked > 0) wrong += 1;
    print(`  ${name.padEnd(40)} ${percent(ours.revoked, days).padStart(8)}   (single use ${percent(strict.revoked, days)}, 30 s grace ${percent(grace.revoked, days)})`);
  }
  print('Thieves, undetected at the end and tokens taken, in rough weather:');
  for (const habit of HABITS) {
    const ours = simulateDays(days, rough, habit);
    if (ours.undetected > 0 && habit !== 'one shot') wrong += 1;
    print(`  ${habit.padEnd(40)} ${figures(ours)}   (30 s grace ${figures(simulateDays(days, rough, habit, PEERS.grace))}; late replays with a token ${figures(simulateDays(days, rough, habit, lateReplayHasToken))})`);
  }
  return wrong;
}

const figures = ({ undetected, robbed, tokens }: DaysResult): string => `${percent(undetected, robbed).padStart(8)}, ${tokens.toFixed(1)} tokens`;
