/**
 * A service whose refresh is not RFC-shaped: the application writes the calls, the mediator does the rest.
 *
 * Throw {@link UpstreamError} with `invalid_grant` when, and only when, the service has said that the credential is
 * dead. Anything else that is thrown counts as an outage: a session never ends because of it.
 */
import { UpstreamError, type Upstream, type UpstreamTokens, type UpstreamWish } from './upstream.js';

/** For whom tokens are wanted. */
export interface GrantKey {
  /** A configured client, or the name of a calling service. */
  client: string;
  /** Whose: `sub` of the session, or `user` of `get`. */
  user: string;
}

/** A token service that is not RFC-shaped: how to ask it, in functions. */
export interface FunctionUpstream {
  /** First tokens, when the login itself did not bring them. */
  grant?: (key: GrantKey, signal: AbortSignal) => Promise<UpstreamTokens>;
  /** The next tokens for `tokens.refreshToken`. `signal` fires after 20 s. @throws UpstreamError `invalid_grant`: the session ends */
  refresh: (tokens: UpstreamTokens, signal: AbortSignal, wish: UpstreamWish) => Promise<UpstreamTokens>;
  /** Makes the grant worthless at the service, when a session ends. Nobody waits for it. */
  revoke?: (tokens: UpstreamTokens, signal: AbortSignal) => Promise<void>;
}

export function functionUpstream(functions: FunctionUpstream): Upstream & Pick<FunctionUpstream, 'grant'> {
  const { grant, refresh, revoke } = functions;
  return {
    ...(grant ? { grant: (key, signal) => guarded(async () => checked(await grant(key, signal))) } : {}),
    refresh: (tokens, wish, signal) => guarded(async () => checked(await refresh(tokens, signal, wish))),
    ...(revoke ? { revoke: (tokens, signal) => guarded(() => revoke(tokens, signal)) } : {}),
  };
}

async function guarded<T>(run: () => Promise<T>): Promise<T> {
  try {
    return await run();
  } catch (error) {
    if (error instanceof UpstreamError) throw error;
    const late = error instanceof Error && (error.name === 'TimeoutError' || error.name === 'AbortError');
    throw late
      ? new UpstreamError('timeout', 'The upstream function did not finish in time.')
      : new UpstreamError('unavailable', 'The upstream function failed.', { cause: error });
  }
}

function checked(tokens: UpstreamTokens): UpstreamTokens {
  const { accessToken, expiresInMs } = tokens ?? {};
  if (typeof accessToken !== 'string' || accessToken === '') {
    throw new UpstreamError('malformed', 'The upstream function returned no accessToken.');
  }
  if (expiresInMs !== undefined && !(expiresInMs > 0)) {
    throw new UpstreamError('malformed', 'The upstream function returned an expiresInMs that is not above 0.');
  }
  return tokens;
}
