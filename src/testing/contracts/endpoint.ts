/** What every endpoint must do: always an answer, never an exception. */
import { describe, expect, it } from 'vitest';
import type { Endpoint, RefreshCall } from '../../core/ports.js';
import type { Passage } from './subject.js';

/** How the server behind the endpoint behaves. */
export type Behaviour =
  /** 200 with a token. */
  | 'grant'
  /** 401 with a JSON body. */
  | 'refuse'
  /** 503 with `Retry-After: 7`. */
  | 'busy'
  /** The connection dies. */
  | 'drop'
  /** No answer at all. */
  | 'hang';

export interface EndpointSubject extends Passage {
  endpoint(behaviour: Behaviour): Endpoint;
}

export const refreshCall = (over: Partial<RefreshCall> = {}): RefreshCall => ({
  attempt: '0123456789abcdef0123456789abcdef',
  ids: ['0123456789abcdef0123456789abcdef'],
  reason: 'startup',
  level: 'auto',
  deadline: 10_000,
  ...over,
});

export const endpointContract = (title: string, setup: () => EndpointSubject | Promise<EndpointSubject>): void => {
  describe(`endpoint contract: ${title}`, () => {
    const ask = async (behaviour: Behaviour, over: Partial<RefreshCall> = {}) => {
      const { endpoint, within } = await setup();
      return within(endpoint(behaviour).refresh(refreshCall(over)).reply);
    };

    it('hands on status and body', async () => {
      expect(await ask('grant')).toMatchObject({ kind: 'http', status: 200, json: { access_token: expect.any(String) } });
      expect(await ask('refuse')).toMatchObject({ kind: 'http', status: 401, json: { error: 'invalid_grant' } });
    });

    it('hands on Retry-After in milliseconds', async () => {
      expect(await ask('busy')).toMatchObject({ kind: 'http', status: 503, retryAfter: 7_000 });
    });

    it('a lost connection is a network error', async () => {
      expect(await ask('drop')).toMatchObject({ kind: 'network', message: expect.any(String) });
    });

    it('gives up at its own deadline', async () => {
      expect(await ask('hang', { deadline: 100 })).toEqual({ kind: 'timeout' });
    });

    it('an aborted request settles at once', async () => {
      const { endpoint, within } = await setup();
      const { reply, abort } = endpoint('hang').refresh(refreshCall());
      abort();
      expect(await within(reply)).toMatchObject({ kind: 'network' });
    });

    it('abort after the answer changes nothing', async () => {
      const { endpoint, within } = await setup();
      const { reply, abort } = endpoint('grant').refresh(refreshCall());
      await within(reply);
      abort();
      expect(await reply).toMatchObject({ kind: 'http', status: 200 });
    });
  });
};
