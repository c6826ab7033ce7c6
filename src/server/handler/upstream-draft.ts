/** What the browser is told when the provider gave no token. The session is kept in every case. */
import type { WireReason } from '../../contract/wire.js';
import type { UpstreamError } from '../upstream/upstream.js';
import { refusal, type Draft } from './draft.js';

export function later(reason: WireReason, description: string, retryAfterMs = 1_000): Draft {
  return refusal(503, 'temporarily_unavailable', reason, `${description} Retry with the same attempt id.`, { retryAfterMs });
}

export function upstreamDraft({ code, retryAfterMs }: UpstreamError): Draft {
  switch (code) {
    case 'invalid_client':
      return refusal(502, 'server_error', 'upstream_invalid_client', 'The provider does not accept this client. The operator has to look at it.');
    case 'invalid_scope':
      return refusal(502, 'server_error', 'upstream_invalid_scope', 'The provider does not grant this scope or resource. The operator has to look at it.');
    case 'malformed':
      return refusal(502, 'server_error', 'upstream_malformed', 'The provider gave an answer that makes no sense. The operator has to look at it.');
    case 'timeout':
      return refusal(504, 'temporarily_unavailable', 'upstream_timeout', 'The provider did not answer in time. Retry with the same attempt id.', {
        retryAfterMs: retryAfterMs ?? 1_000,
      });
    case 'invalid_grant':
    case 'unavailable':
      return later('upstream_unavailable', 'The provider cannot be reached.', retryAfterMs);
  }
}
