/** What follows when a family has ended: every node and every open event stream is told. */
import type { EndedReason } from '../../contract/wire.js';
import type { FamilyRecord } from '../families/family.js';
import { parentIndex } from '../device-grant/children.js';
import type { Service, Settings } from './service.js';
import { clientOf } from './token-ask.js';

/** The record has ended already; this tells the others, without making anybody wait. */
export function endedElsewhere(service: Service, family: FamilyRecord, reason: EndedReason, more: { replaced?: true } = {}): void {
  announce(service, family, reason, more);
  service.tokens.revoke(family.id);
  if (service.deviceGrant) service.detach('end what this session let in', endChildren(service, family));
}

/** The same when the provider itself has ended the grant: there is nothing left to revoke. */
export function announce(service: Settings, family: FamilyRecord, reason: EndedReason, more: { replaced?: true } = {}): void {
  service.warm.forget(family.id);
  service.observe({ type: 'ended', reason, sid: family.sid, client: clientOf(service, family).kind });
  const type = reason === 'signed_out' ? 'signed_out' : 'revoked';
  service.detach('announce the end of a session', service.store.append(family.id, { type, data: { sid: family.sid, reason, ...more } }));
}

/** Ends a family because another login takes its place in the same browser, whose tabs are told of that one instead. */
export async function replaceFamily(service: Service, family: FamilyRecord): Promise<void> {
  if (await service.store.end(family.id, 'signed_out')) endedElsewhere(service, family, 'signed_out', { replaced: true });
}

/** Ends a family, and says so once. True for the one caller that ended it. */
export async function endFamilyNow(service: Service, family: FamilyRecord, reason: EndedReason): Promise<boolean> {
  const first = await service.store.end(family.id, reason);
  if (first) endedElsewhere(service, family, reason);
  return first;
}

/** Ends the families that this one let in, and that were to end with it. */
async function endChildren(service: Service, parent: FamilyRecord): Promise<void> {
  for (const id of await service.store.find(parentIndex(parent.id))) {
    const child = await service.store.read(id);
    if (child) await endFamilyNow(service, child, 'revoked');
  }
}
