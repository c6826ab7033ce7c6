import { expect, it } from 'vitest';
import { evidenceOf } from './evidence.js';

const record = (fields: object) => ({ schema: 1, incarnation: 'i', sid: 's', sessionAt: 1, tokens: {}, closed: [], hint: true, ...fields });
const closed = (reason: string) => record({ hint: false, closed: [{ sid: 's', at: 1, reason }] });

it.each([
  ['a live session in the ledger', record({}), undefined, 'session'],
  ['an empty ledger, no marker', undefined, false, 'nobody'],
  ['an empty ledger, a marker', undefined, true, 'session'],
  ['a corrupt ledger', { schema: 'x' }, undefined, 'nobody'],
  ['signed out', closed('signed_out'), undefined, 'nobody'],
  ['ended by the server', closed('revoked'), undefined, 'ended'],
  ['ended by the server, then a login', closed('revoked'), true, 'session'],
  ['nobody has ever signed in', record({ sid: undefined, hint: false }), undefined, 'nobody'],
] as const)('%s', (_, stored, marker, evidence) => expect(evidenceOf({ stored }, marker)).toBe(evidence));

it('a ledger that does not answer says of nobody that they are a visitor', () => expect(evidenceOf(undefined, false)).toBe('session'));
