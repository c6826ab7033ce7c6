/** Everything that can happen in a schedule. The faults among them are what must be survived. */

/** Ordinary life: none of it may cost a request more than the expiries it meets. */
export const ORDINARY = ['get', 'burst', 'noWait', 'open', 'hide', 'show', 'rest'] as const;

/** What a user or an administrator does to the session. */
export const SESSION = ['signIn', 'signOut', 'revoke', 'force', 'unauthorized', 'picky'] as const;

/** What must be survived. Each of them has to fire in at least one schedule of a hundred. */
export const FAULTS = [
  'close',
  'crash',
  'freeze',
  'stop',
  'thaw',
  'cache',
  'restore',
  'kill',
  'offline',
  'online',
  'sick',
  'limited',
  'portal',
  'loseRequest',
  'loseReply',
  'hang',
  'resend',
  'delay',
  'jump',
  'sleep',
  'forget',
  'corrupt',
  'ledgerFails',
  'lossy',
  'double',
  'slow',
  'slowLocks',
] as const;

export type Verb = (typeof ORDINARY)[number] | (typeof SESSION)[number] | (typeof FAULTS)[number];
export type Fault = (typeof FAULTS)[number];

const ALL: readonly string[] = [...ORDINARY, ...SESSION, ...FAULTS];
export const isVerb = (word: string): word is Verb => ALL.includes(word);
export const isFault = (verb: Verb): verb is Fault => (FAULTS as readonly string[]).includes(verb);
