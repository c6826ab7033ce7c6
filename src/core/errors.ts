/** Stable codes, a closed union: switch on `code`, show `message` to a developer. */
export type ErrorCode =
  /** An option cannot be used; the message names it and what to write instead. */
  | 'invalid_option'
  /** An argument of a call cannot be used. */
  | 'invalid_argument'
  /** Nobody is signed in. */
  | 'anonymous'
  /** The session is over; `reason` says why. */
  | 'session_ended'
  /** `wait: false` and no fresh token. */
  | 'refresh_pending'
  /** No token could be had in time; the session is intact. */
  | 'refresh_timeout'
  /** The endpoint cannot be reached or asks for patience; the session is intact, `retryAt` says when. */
  | 'refresh_unavailable'
  /** The endpoint refused the request itself: a fault of the set-up, not of the session. */
  | 'endpoint_error'
  /** The API rejected a token that a refresh cannot improve; the session is intact. */
  | 'token_rejected'
  /** The endpoint's answer cannot be used; the session is intact. */
  | 'bad_answer'
  /** The session object was disposed. */
  | 'disposed'
  /** Only the service worker holds tokens (mode `sealed`). */
  | 'sealed'
  /** The page is not controlled by the service worker that holds the token. */
  | 'not_controlled';

/** What an error carries beside its code and message. */
export interface ErrorDetails {
  /** Why the session ended, with `session_ended`. */
  reason?: string;
  /** Epoch ms of the next attempt. */
  retryAt?: number;
  /** What was thrown below. */
  cause?: unknown;
}

/** The only error class of this package. `isTabatonError` works across realms and package copies. */
export class TabatonError extends Error {
  override readonly name = 'TabatonError' as const;
  /** Why the session ended, with `session_ended`; see `SessionEndReason`. */
  readonly reason: string | undefined;
  /** Epoch ms of the next attempt, where there will be one. */
  readonly retryAt: number | undefined;

  constructor(
    /** What happened; switch on it. */
    readonly code: ErrorCode,
    message: string,
    details: ErrorDetails = {},
  ) {
    super(message, details.cause === undefined ? undefined : { cause: details.cause });
    this.reason = details.reason;
    this.retryAt = details.retryAt;
  }
}

/** Whether a value is a {@link TabatonError}, of this copy of the package, another one, or another realm. */
export const isTabatonError = (value: unknown): value is TabatonError => {
  // Another realm has another `Error`.
  const { name, code } = Object(value) as Partial<TabatonError>;
  return name === 'TabatonError' && typeof code === 'string';
};
