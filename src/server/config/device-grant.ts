/** The device grant: a signed-in browser lets in a CLI. */
import type { ClientKind } from './clients.js';
import { MisconfiguredError } from './misconfigured.js';

/** How devices without a browser of their own get in. @see RFC 8628 */
export interface DeviceGrantOptions {
  /** Path of the application's page where a signed-in user types the code, e.g. `/device`; it gets `?user_code=`. */
  page: string;
  /** Which client the device is. Default `cli`. */
  client?: 'cli' | 'desktop' | 'mobile';
  /** How long a code can be used, in milliseconds. Default 10 minutes. */
  lifetime?: number;
  /** Least time between two questions of a device, in milliseconds. Default 5 s. */
  interval?: number;
}

export interface DeviceGrant {
  readonly page: string;
  readonly client: ClientKind;
  readonly lifetimeMs: number;
  readonly intervalMs: number;
}

/** `own`: tokens of a family can be had without a provider's own login for it. @throws MisconfiguredError */
export function deviceGrantOf(options: DeviceGrantOptions | undefined, own: boolean): DeviceGrant | null {
  if (!options) return null;
  if (!own) {
    throw new MisconfiguredError(
      'deviceGrant',
      'its families need tokens of their own, and the upstream gives none without a login. Issue tokens here, give `upstream.grant`, or use the device grant of the provider.',
    );
  }
  const { page, client = 'cli', lifetime = 600_000, interval = 5_000 } = options;
  if (!/^\/(?![/\\])[^\\?#\s]*$/.test(page)) throw new MisconfiguredError('deviceGrant.page', `"${page}" is not a path like /device.`);
  for (const [name, value] of Object.entries({ lifetime, interval })) {
    if (!Number.isSafeInteger(value) || value < 1_000) throw new MisconfiguredError(`deviceGrant.${name}`, 'give whole milliseconds, at least 1000.');
  }
  return { page, client, lifetimeMs: lifetime, intervalMs: interval };
}
