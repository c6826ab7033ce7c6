/** An option that cannot work: thrown when the endpoint is created; what only use can show (a store, a signing key), by `ready()`; until then every request that needs it is a 500 with this text in the log. It says what to do. */
export class MisconfiguredError extends Error {
  static readonly code = 'misconfigured';
  readonly code = 'misconfigured';
  /** The option to change. */
  readonly option: string;
  constructor(option: string, message: string) {
    super(`${option}: ${message}`);
    this.name = 'MisconfiguredError';
    this.option = option;
  }
}
