/** Families that one family let in, and that end with it: because it was asked for, or because a thief was in it. */
import type { FamilyIdentity } from '../families/family.js';
import type { Service } from '../handler/service.js';

/** Index of the families that end with this one. */
export const parentIndex = (parent: string): string => `parent:${parent}`;

/** True when a child should have ended with its parent, but the store was away then. Idle parents take nobody along. */
export async function orphaned({ store }: Service, { parent, indexes }: FamilyIdentity): Promise<boolean> {
  if (parent === null) return false;
  const found = await store.read(parent);
  return found?.state === 'ended' && (found.endedReason === 'reuse_detected' || indexes.includes(parentIndex(parent)));
}
