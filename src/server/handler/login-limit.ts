/**
 * Five failed logins a minute for one account from one address, ten times that for either alone, over all nodes.
 *
 * A slot is taken before the application is asked and given back on success, so that guesses sent at once
 * count as much as guesses sent in turn.
 */
import { shortHash } from '../encoding.js';
import type { Service } from './service.js';

const WINDOW_MS = 60_000;

export interface LoginSlot {
  /** 0 when the login may be tried. */
  readonly waitMs: number;
  giveBack(): Promise<void>;
}

export async function takeLoginSlot(service: Service, account: string, address: string): Promise<LoginSlot> {
  const limit = service.loginFailuresPerMinute;
  const counted = [
    { key: `login-pair:${await shortHash(JSON.stringify([account, address]))}`, limit },
    ...(account === '' ? [] : [{ key: `login-account:${await shortHash(account)}`, limit: limit * 10 }]),
    ...(address === '' ? [] : [{ key: `login-address:${await shortHash(address)}`, limit: limit * 10 }]),
  ];
  const hits = await Promise.all(
    counted.map(async ({ key, limit: most }) => ({ ...(await service.store.hit(key, WINDOW_MS)), most })),
  );
  const over = hits.filter(({ count, most }) => count > most);
  const giveBack = async (): Promise<void> => {
    await Promise.all(counted.map(({ key }) => service.store.hit(key, WINDOW_MS, -1)));
  };
  // A refused try is no failure of its own: it must not keep the door shut for longer.
  if (over.length > 0) await giveBack();
  return { waitMs: Math.max(0, ...over.map(({ resetMs }) => resetMs)), giveBack };
}
