/** What follows when a family has ended: every node and every open event stream is told. */
import type { EndedReason } from '../../contract/wire.js';
import type { FamilyRecord } from '../families/family.js';
import { parentIndex } from '../device-grant/children.js';
import type { Service, Settings } from './service.js';
import { clientOf } from './token-ask.js';
import { noteTold, tellIfUntold } from './untold.js';

/** The record has ended already; this tells the others, without making anybody wait. */
export function endedElsewhere(service: Service, family: FamilyRecord, reason: EndedReason, more: { replaced?: true } = {}): void {
  announce(service, family, reason, more);
  service.tokens.revoke(family.id);
  if (service.deviceGrant) service.detach('end what this session let in', endChildren(service, family, reason));
}

/** The same when the provider itself has ended the grant: there is nothing left to revoke. */
export function announce(service: Settings, family: FamilyRecord, reason: EndedReason, more: { replaced?: true } = {}): void {
  service.warm.forget(family.id);
  service.observe({ type: 'ended', reason, sid: family.sid, client: clientOf(service, family).kind });
  const type = reason === 'signed_out' ? 'signed_out' : 'revoked';
  service.detach('announce the end of a session', service.store.append(family.id, { type, data: { sid: family.sid, reason, ...more } }));
  noteTold(service, family.id);
}

/** Ends a family because another login takes its place in the same browser, whose tabs are told of that one instead. */
export async function replaceFamily(service: Service, family: FamilyRecord): Promise<void> {
  await endOnce(service, family, 'signed_out', () => endedElsewhere(service, family, 'signed_out', { replaced: true }));
}

/** Ends a family, and says so once. True for the one caller that ended it. */
export function endFamilyNow(service: Service, family: FamilyRecord, reason: EndedReason): Promise<boolean> {
  return endOnce(service, family, reason, () => endedElsewhere(service, family, reason));
}

/** The same because the provider says so: it revokes what it wants revoked, and a grant for offline access outlives this (§2.7). */
export function endAtProvidersWord(service: Service, family: FamilyRecord): Promise<boolean> {
  return endOnce(service, family, 'signed_out', () => announce(service, family, 'signed_out'));
}

async function endOnce(service: Service, family: FamilyRecord, reason: EndedReason, tell: () => void): Promise<boolean> {
  let first = false;
  try {
    first = await service.store.end(family.id, reason);
    return first;
  } finally {
    if (first) tell();
    // Ended by somebody else, or by a call whose answer did not come.
    else tellIfUntold(service, family.id, (found) => (found.endedReason === reason ? tell() : tellFound(service, found)));
  }
}

/** A family was presented that had ended before: perhaps by a call whose answer did not come. */
export function metEnded(service: Service, { id, state }: FamilyRecord): void {
  if (state === 'ended') tellIfUntold(service, id, (found) => tellFound(service, found));
}

function tellFound(service: Service, family: FamilyRecord): void {
  const reason = family.endedReason ?? 'revoked';
  // Which credential it was is forgotten.
  if (reason === 'reuse_detected') service.observe({ type: 'reuse', kind: 'older', sid: family.sid, client: clientOf(service, family).kind });
  if (reason === 'upstream_invalid_grant') announce(service, family, reason);
  else endedElsewhere(service, family, reason);
}

/**
 * Ends the families that this one let in and that were to end with it. After a theft all it let in, for it may have been the thief:
 *
 *     thief    copies the cookie ── lets in a device of his own ─────────────────── has that session for ninety days
 *     victim                                                     └─ theft is found: this family ends, and what it let in
 */
async function endChildren(service: Service, parent: FamilyRecord, reason: EndedReason): Promise<void> {
  const [byUser] = parent.indexes;
  const index = reason === 'reuse_detected' && byUser !== undefined ? byUser : parentIndex(parent.id);
  for (const id of await service.store.find(index)) {
    const child = await service.store.read(id);
    if (child?.parent === parent.id) await endFamilyNow(service, child, 'revoked');
  }
}
