import type { Snapshot } from '../../../src/index.js';
import { now } from '../clock.js';
import type { Face } from '../messages.js';

/** A snapshot in the words of the tiles. */
export function faceOf({ status, reason, activity, expiresAt }: Snapshot): Face {
  if (status === 'starting') return 'starting';
  if (status === 'ended') return reason === 'signed_out' ? 'out' : 'thrown';
  if (status === 'anonymous') return 'out';
  if (activity === 'refreshing' || activity === 'waiting') return activity;
  if (activity === 'backingOff') return 'trouble';
  return (expiresAt ?? Number.POSITIVE_INFINITY) > now() ? 'green' : 'resting';
}
