/** An option that cannot work: thrown when the endpoint is created; what only use can show (a store, a signing key), by `ready()` and the first request. The text says what to do. */
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
