/** One line of record per refresh. */
import type { ErrorAnswer } from '../../contract/wire.js';
import { fromBase64url } from '../encoding.js';
import type { Presented } from '../store.js';
import type { Draft } from './draft.js';
import type { RefreshRequest } from './refresh-request.js';
import type { Service } from './service.js';
import { clientOf } from './token-ask.js';

export function observeRefresh(
  service: Service,
  seen: { presented: Presented; asked: RefreshRequest; attempt: string; draft: Draft; started: number },
): void {
  const { presented, asked, attempt, draft, started } = seen;
  if (presented.kind === 'unknown') return;
  const { family } = presented;
  const client = clientOf(service, family).kind;
  const outcome =
    presented.kind !== 'accepted' ? presented.kind : presented.outcome === 'healed' ? 'coalesced' : presented.outcome;
  service.observe({
    type: 'refresh',
    client,
    outcome,
    status: draft.status,
    reason: (draft.body as Partial<ErrorAnswer> | null)?.reason,
    healed: presented.kind === 'accepted' && presented.outcome === 'healed',
    lag: asked.have === null ? 0 : Math.max(0, family.gen - asked.have - 1),
    attempt: hex8(attempt),
    sid: family.sid,
    ms: service.clock.now() - started,
  });
  if (presented.kind === 'reuse') service.observe({ type: 'reuse', kind: presented.which, sid: family.sid, client });
}

function hex8(hash: string): string {
  const bytes = fromBase64url(hash.slice(0, 8));
  return bytes ? new DataView(bytes.buffer, bytes.byteOffset).getUint32(0).toString(16).padStart(8, '0') : '';
}
