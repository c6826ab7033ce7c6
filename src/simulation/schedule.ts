/**
 * A schedule: everything that is decided before a run, in words that a person can read, shorten and replay.
 *
 *   full chromium seed=7 tabs=page,page life=60 in | ~flight crash holder | +1500 get 0 | +0 signOut 1
 *
 * `+1500` waits that many ms, `~flight` until the next refresh leaves, `~landing` until the server has heard it.
 */
import type { Engine } from '../testing/index.js';
import { isVerb, type Verb } from './verb-names.js';

export type BackendLevel = 'plain' | 'fenced' | 'full';
export type TabKind = 'page' | 'iframe' | 'worker' | 'foreign' | 'prerender';

/** Whom an action is about: the n-th live tab, or the one whose refresh is under way. */
export type Who = number | 'holder';
export type Gap = number | 'flight' | 'landing';

export interface Action {
  gap: Gap;
  verb: Verb;
  who: Who;
  /** What more the verb wants to know; 0 is its most ordinary meaning. */
  arg: number;
}

export interface Schedule {
  level: BackendLevel;
  engine: Engine;
  /** Of the platform's latencies and random draws. */
  seed: number;
  tabs: readonly TabKind[];
  /** Life of an access token in seconds. */
  life: number;
  /** Somebody is signed in before the first tab opens. */
  signedIn: boolean;
  /** The channel is native; over any other only hints travel. */
  native: boolean;
  actions: readonly Action[];
}

const gapText = (gap: Gap): string => (typeof gap === 'number' ? `+${gap}` : `~${gap}`);

export const write = (schedule: Schedule): string => {
  const { level, engine, seed, tabs, life, signedIn, native } = schedule;
  const head = [level, engine, `seed=${seed}`, `tabs=${tabs.join(',')}`, `life=${life}`, ...(signedIn ? ['in'] : []), ...(native ? [] : ['hints'])];
  const actions = schedule.actions.map(({ gap, verb, who, arg }) => [gapText(gap), verb, who, ...(arg ? [arg] : [])].join(' '));
  return [head.join(' '), ...actions].join(' | ');
};

/** @throws Error naming the part that cannot be read. */
export const read = (text: string): Schedule => {
  const [head = '', ...rest] = text.split('|').map((part) => part.trim());
  const [level, engine, ...settings] = head.split(/\s+/);
  const setting = (name: string): string | undefined => settings.find((one) => one.startsWith(`${name}=`))?.slice(name.length + 1);
  const actions = rest.filter(Boolean).map((part): Action => {
    const [gap = '', verb = '', who = '0', arg = '0'] = part.split(/\s+/);
    if (!isVerb(verb) || !/^(\+[\d.]+|~flight|~landing)$/.test(gap)) throw new Error(`This action cannot be read: "${part}"`);
    return { gap: gap.startsWith('+') ? Number(gap.slice(1)) : (gap.slice(1) as Gap), verb, who: who === 'holder' ? who : Number(who), arg: Number(arg) };
  });
  if (!/^(plain|fenced|full)$/.test(level ?? '') || !/^(chromium|firefox|webkit)$/.test(engine ?? ''))
    throw new Error(`A schedule starts with a level and an engine: "${head}"`);
  return {
    level: level as BackendLevel,
    engine: engine as Engine,
    seed: Number(setting('seed') ?? 1),
    tabs: (setting('tabs') ?? 'page').split(',') as TabKind[],
    life: Number(setting('life') ?? 60),
    signedIn: settings.includes('in'),
    native: !settings.includes('hints'),
    actions,
  };
};
