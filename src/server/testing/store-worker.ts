/** A process that does one job on a store when it is told to: started by the tests, several at a time. */
import type { Store, StorePresentation } from '../store.js';
import { openStore, type StoreSpec } from './store-spec.js';

export type Job =
  /** Presents rotation 0 of every family, all at once, under ids that nobody else has. */
  | { kind: 'present'; families: readonly string[] }
  /** Claims due families until there are none. */
  | { kind: 'claim' }
  /** Rotates one family as fast as it can, and reports each rotation after the store has acknowledged it. */
  | { kind: 'rotate'; family: string };

export interface WorkerOptions {
  name: string;
  store: StoreSpec;
  job: Job;
}

export type Report =
  | { kind: 'ready' }
  | { kind: 'presented'; outcomes: Record<string, string> }
  | { kind: 'claimed'; ids: string[] }
  | { kind: 'rotated'; rot: number };

const report = (message: Report) => void process.send!(message);

function presentation(rot: number, id: string): StorePresentation {
  const token = { key: 'k', have: null, minTtlMs: 0, fresh: false, mintGapMs: 0, lifetimeMs: 900_000 };
  return { rot, ids: [id], reason: 'expiring', raceMs: 20_000, floorMs: 0, token };
}

async function run(store: Store, name: string, job: Job): Promise<void> {
  switch (job.kind) {
    case 'present': {
      const outcomes = await Promise.all(
        job.families.map(async (id) => {
          const answer = await store.present(id, presentation(0, `${name}-${id}`));
          return [id, answer.kind === 'accepted' ? answer.outcome : answer.kind] as const;
        }),
      );
      return report({ kind: 'presented', outcomes: Object.fromEntries(outcomes) });
    }
    case 'claim': {
      const ids: string[] = [];
      for (;;) {
        const claimed = await store.claimDue({ service: null, withinMs: 300_000, limit: 100, leaseMs: 600_000, seenWithinMs: 3_600_000 });
        if (claimed.length === 0) return report({ kind: 'claimed', ids });
        ids.push(...claimed);
      }
    }
    case 'rotate':
      for (let rot = 0; ; rot += 1) {
        const answer = await store.present(job.family, presentation(rot, `${name}-${rot}`));
        if (answer.kind !== 'accepted' || answer.outcome !== 'rotated') throw new Error(`Rotation ${rot} was ${answer.kind}.`);
        report({ kind: 'rotated', rot: rot + 1 });
      }
  }
}

const { name, store: spec, job } = JSON.parse(process.argv[2]!) as WorkerOptions;
const store = await openStore(spec);
await store.now();
// A listener that stays keeps the process alive until it is killed.
process.on('message', () => void run(store, name, job));
report({ kind: 'ready' });
