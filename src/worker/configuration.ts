/** Where a worker's settings come from: its own code, else the page, else (after a restart) what the page said last. */
import { apiOf } from '../clients/fetch.js';
import type { Clock, Ledger } from '../core/ports.js';
import { promptly } from '../core/promptly.js';
import { planOf, type Plan } from './plan.js';

export interface Configuration {
  /** What is known now, without waiting: a fetch event has to be decided in the turn it comes in. */
  readonly plan: Plan | undefined;
  /** Resolves once the disk has answered, or has not for a second; absent when there is nothing to wait for. */
  readonly loading: Promise<void> | undefined;
  /** A page's word. Of no effect when it cannot be read; of a worker that is configured in its code it says only whether to sign at all. `sealed`: refused, because it asks for more. */
  accept(config: unknown): Promise<'sealed' | undefined>;
  /** A new script: an older one may have been switched off. */
  forget(): Promise<void>;
}

/** Any script of the origin can post a message: with one it must not turn a sealed worker's token to another mode, endpoint or API. */
const isMore = (has: Plan, wanted: Plan): boolean =>
  has.config.mode === 'sealed' &&
  (wanted.config.mode !== 'sealed' || wanted.routes.refresh !== has.routes.refresh || !wanted.config.apis.every(({ origin, path = '/' }) => apiOf(has.config.apis, new URL(path, origin))));

/**
 *   worker starts ── script runs ── fetch event ── (disk answers, or a second is over)
 *                        │              └ held until `loading` is over: nothing else could know whose it is
 *                        └ asks the disk
 */
export const createConfiguration = (own: Plan | undefined, disk: Ledger, clock: Clock): Configuration => {
  let plan = own;
  let saved: string | undefined;
  /** Said while the disk was asked: it counts when that is over, before anything that was held. */
  let early: Plan | undefined;

  const take = (wanted: Plan): 'sealed' | undefined => {
    // To sign nothing any more everybody may ask for. What was set stays the measure, so that this opens no door.
    const quiet = wanted.config.quiet || !wanted.config.apis.length;
    const next = quiet ? planOf({ ...(plan ?? wanted).config, quiet })! : (own ?? wanted);
    if (plan && !quiet && isMore(plan, next)) return 'sealed';
    if (plan?.text !== next.text) plan = next;
  };
  const reading = disk.read().then((stored) => {
    const kept = planOf(stored);
    saved = kept?.text;
    if (kept && (own ? kept.config.quiet : !plan)) take(kept);
  });
  let loading: Promise<void> | undefined = promptly(clock, reading).then(() => {
    loading = undefined;
    if (early) take(early);
  });
  return {
    get plan() {
      return plan;
    },
    get loading() {
      return loading;
    },
    async accept(config) {
      const wanted = planOf(config);
      if (!wanted) return;
      early = wanted;
      await loading;
      const refused = take(wanted);
      const { text, config: next } = plan!;
      // Of a worker configured in its code the disk knows only that it was made quiet.
      const kept = plan === own ? undefined : next;
      if (text !== saved && (saved ?? kept) && (await promptly(clock, disk.update(() => kept).then(() => true)))) saved = text;
      return refused;
    },
    async forget() {
      await loading;
      plan = own;
      await promptly(clock, disk.update(() => undefined));
    },
  };
};
