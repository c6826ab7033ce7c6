import type { Backend } from './exchange.js';
import { full } from './full.js';
import { strict } from './strict.js';

export type Level = 'full' | 'plain';

export interface MountOptions {
  origin: string;
  /** Seconds an access token lives. */
  lifetime: number;
}

/** What is behind `/auth`, as the tests see it. */
export interface Mounted {
  handle: Backend;
  /** Refresh cookies rotated so far. */
  rotations(): number;
  /** Families revoked because a spent cookie came back: theft, as far as the backend can tell. */
  reuses(): number;
  /** True while this `Cookie` header would still be worth something. */
  accepts(cookieHeader: string): Promise<boolean>;
  /** Lets the backend's own clock pass every window in which it would coalesce or refuse. */
  rest(): void;
}

export async function mount(level: Level, options: MountOptions): Promise<Mounted> {
  if (level === 'full') return full(options);
  const backend = strict(options);
  return {
    handle: backend.handle,
    rotations: () => backend.rotations,
    reuses: () => backend.reuses,
    accepts: async (header) => backend.accepts(header),
    rest: () => undefined,
  };
}
