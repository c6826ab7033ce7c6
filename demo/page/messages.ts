/** What the page and the contexts of its stages (iframes) say to each other. No message carries a token. */

/** How a context stands, in the words its tile shows. */
export type Face =
  /** Not heard of anything yet. */
  | 'starting'
  /** Signed in, with a token that is still good. */
  | 'green'
  /** This context is refreshing. */
  | 'refreshing'
  /** Another context is refreshing, and this one waits for its result. */
  | 'waiting'
  /** Signed in, but no token for the moment: trying again. */
  | 'trouble'
  /** Signed in, with an expired token nobody has asked to replace. */
  | 'resting'
  /** Nobody is signed in, because somebody signed out or nobody has signed in yet. */
  | 'out'
  /** Signed out although nobody asked for it. */
  | 'thrown';

export interface ContextState {
  face: Face;
  /** Leads the origin (right stage only). */
  leader: boolean;
  /** Number of the access token held; on the left stage, how many it has held. */
  generation: number;
  /** Epoch ms. */
  expiresAt?: number;
}

export type FromContext =
  | { kind: 'state'; state: ContextState }
  /** A newer token arrived: fetched here, or told by another context. */
  | { kind: 'token'; from: 'endpoint' | 'channel' }
  /** API calls asked for by `call` have all settled. */
  | { kind: 'called'; run: number; ok: number; failed: number };

export type ToContext =
  /** Calls the protected API `times` times at once; the answer carries `run` back. */
  | { kind: 'call'; run: number; times: number }
  /** Asks for a newer token, whatever the age of the one it holds; right stage only. */
  | { kind: 'refresh' }
  /** `until` (epoch ms) asks for tokens that end with the other stage's; left stage only. */
  | { kind: 'sign-in'; until?: number }
  | { kind: 'sign-out' }
  /** What a browser says by itself when a network cable is plugged in again. */
  | { kind: 'online' }
  | { kind: 'pause'; paused: boolean };

export const SIZE = 6;
