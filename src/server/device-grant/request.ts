/**
 * What the store knows of a device that wants in:
 *
 *     device:<hash of its code>   pending ──► approved | denied ──► taken, by one ──► given back, if that one failed
 *     device-user:<user code>     ──► that hash; taken by the one decision
 */
import { shortHash } from '../encoding.js';
import type { Store } from '../store.js';

export interface DeviceRequest {
  readonly status: 'pending' | 'approved' | 'denied';
  readonly userCode: string;
  /** What it asked for; `null` for everything it can get. */
  readonly scopes: readonly string[] | null;
  readonly label: string | null;
  /** Epoch milliseconds of the store. */
  readonly expiresAt: number;
  /** Set by the approval: the family that lets it in, and whether it takes it along when it ends. */
  readonly approval?: { readonly parent: string; readonly bound: boolean };
}

export interface DeviceRequests {
  open(deviceCode: string, request: DeviceRequest, lifetimeMs: number): Promise<boolean>;
  ofDevice(deviceCode: string): Promise<DeviceRequest | undefined>;
  /** Of two that hold the same code, one gets it. */
  takeForDevice(deviceCode: string): Promise<DeviceRequest | undefined>;
  giveBack(deviceCode: string, request: DeviceRequest, now: number): Promise<void>;
  ofUser(userCode: string): Promise<DeviceRequest | undefined>;
  /** True for the one decision that counts. */
  decide(userCode: string, decision: Pick<DeviceRequest, 'status' | 'scopes' | 'approval'>, now: number): Promise<boolean>;
}

export function deviceRequests(store: Store): DeviceRequests {
  const keyOf = async (code: string) => `device:${await shortHash(code)}`;
  const parse = (text: string | undefined) => (text === undefined ? undefined : (JSON.parse(text) as DeviceRequest));
  return {
    async open(code, request, ttlMs) {
      const key = await keyOf(code);
      // A user code that is taken already is drawn again by the caller.
      if (!(await store.put(`device-user:${request.userCode}`, key, { ttlMs, ifAbsent: true }))) return false;
      return store.put(key, JSON.stringify(request), { ttlMs });
    },
    ofDevice: async (code) => parse(await store.get(await keyOf(code))),
    takeForDevice: async (code) => parse(await store.take(await keyOf(code))),
    async giveBack(code, request, now) {
      const ttlMs = request.expiresAt - now;
      if (ttlMs > 0) await store.put(await keyOf(code), JSON.stringify(request), { ttlMs });
    },
    async ofUser(code) {
      const key = await store.get(`device-user:${code}`);
      return key === undefined ? undefined : parse(await store.get(key));
    },
    async decide(code, decision, now) {
      const key = await store.take(`device-user:${code}`);
      const request = key === undefined ? undefined : parse(await store.get(key));
      if (!request || request.expiresAt <= now) return false;
      return store.put(key!, JSON.stringify({ ...request, ...decision }), { ttlMs: request.expiresAt - now });
    },
  };
}
