/** Why a session ended, whoever says it: a server of tomorrow and a forged message may use words that this union does not have. */
import type { SessionEndReason } from './types.js';

const REASONS: readonly string[] = ['no_session', 'expired', 'idle', 'revoked', 'reuse_detected', 'signed_out', 'upstream_invalid_grant', 'rejected'] satisfies SessionEndReason[];

export const isEndReason = (word: unknown): word is SessionEndReason => REASONS.includes(word as string);
export const endReason = (word: unknown): SessionEndReason => (isEndReason(word) ? word : 'rejected');
