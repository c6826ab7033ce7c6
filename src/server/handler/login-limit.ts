/**
 * Five failed logins a minute for one account from one address, ten times that for either alone, over all nodes.
 *
 * Where one of the two is not known, the other counts alone and by its wider measure: "this account from nowhere" would
 * let anybody shut anybody out with five tries. Where neither is, nothing is counted: all users would be one.
 *
 * A slot is taken before the application is asked and given back on success, so that guesses sent at once
 * count as much as guesses sent in turn.
 */
import { shortHash } from '../encoding.js';
import type { Observe } from '../observe.js';
import type { Store } from '../store.js';
import { networkOf } from './network.js';

const WINDOW_MS = 60_000;

export interface LoginSlot {
  /** 0 when the login may be tried. */
  readonly waitMs: number;
  giveBack(): Promise<void>;
}

export interface LoginLimit {
  /** `accounts`: each that the login may be about. */
  take(accounts: readonly string[], address: string): Promise<LoginSlot>;
}

export function loginLimit(store: Store, observe: Observe, limit: number): LoginLimit {
  let warned = false;
  function warn(): void {
    if (!warned) observe({ type: 'fault', what: 'limit failed logins', message: UNLIMITED });
    warned = true;
  }
  return {
    async take(accounts, from) {
      const address = networkOf(from);
      if (accounts.length === 0 && address === '') warn();
      const counted = address ? [{ key: `login-address:${await shortHash(address)}`, most: limit * 10 }] : [];
      for (const account of accounts) {
        counted.push({ key: `login-account:${await shortHash(account)}`, most: limit * 10 });
        if (address) counted.push({ key: `login-pair:${await shortHash(JSON.stringify([account, address]))}`, most: limit });
      }
      const hits = await Promise.all(counted.map(async ({ key, most }) => ({ ...(await store.hit(key, WINDOW_MS)), most })));
      const over = hits.filter(({ count, most }) => count > most);
      const giveBack = async (): Promise<void> => {
        await Promise.all(counted.map(({ key }) => store.hit(key, WINDOW_MS, -1)));
      };
      // A refused try is no failure of its own: it must not keep the door shut for longer.
      if (over.length > 0) await giveBack();
      return { waitMs: Math.max(0, ...over.map(({ resetMs }) => resetMs)), giveBack };
    },
  };
}

const UNLIMITED =
  'A login came with neither an account nor an address, and such are not limited. ' +
  'Name the account with accountOf(request), and pass the address of the client: endpoint(request, { address }).';
