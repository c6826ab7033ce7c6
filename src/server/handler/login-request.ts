/** The request of a login as the application's functions read it, and the accounts it may be about. */

/** The body has another shape than the application reads: its sender's mistake, which `message` says how to mend. */
export class UnreadableLoginError extends Error {}

/** Where a login may name its account. */
const ACCOUNT_FIELDS = ['username', 'user', 'email', 'login', 'account'] as const;

export class LoginRequest extends Request {
  override clone(): LoginRequest {
    return new LoginRequest(super.clone());
  }
  // Whatever its Content-Type says: `json()` never asks for one.
  override async json(): Promise<Record<string, unknown>> {
    const value: unknown = await super.json().catch(() => undefined);
    if (isObject(value)) return value;
    throw new UnreadableLoginError('This login is read as JSON. Send an object as Content-Type: application/json.');
  }
  override async formData(): Promise<FormData> {
    try {
      return await super.formData();
    } catch {
      throw new UnreadableLoginError('This login is read as a form. Send it as Content-Type: application/x-www-form-urlencoded or multipart/form-data.');
    }
  }
}

/**
 * Every account the body may be about. Which field the application reads is not known, nor how it reads the body, so all of
 * them count: what is ignored there must not hide the account that is guessed at.
 *
 *     { username: <chance>, email: 'ada@…', password: <guess> }      counted for both
 *     username=ada & username=<chance>                               one reads the first of two, another one the last
 *     JSON that calls itself text/plain                              read as JSON, too
 */
export async function accountsIn(copy: () => Request): Promise<string[]> {
  const text = await copy().text();
  const form = await copy().formData().catch(() => new URLSearchParams(text));
  const json = jsonOf(text);
  const accounts = new Set<string>();
  for (const name of ACCOUNT_FIELDS) {
    const values = form.getAll(name);
    for (const value of [values[0], values.at(-1), json[name]]) {
      if (typeof value === 'string' || typeof value === 'number') accounts.add(String(value).trim().toLowerCase().slice(0, 320));
    }
  }
  accounts.delete('');
  return [...accounts];
}

function jsonOf(text: string): Record<string, unknown> {
  try {
    const value: unknown = JSON.parse(text);
    return isObject(value) ? value : {};
  } catch {
    return {};
  }
}

const isObject = (value: unknown): value is Record<string, unknown> => typeof value === 'object' && value !== null && !Array.isArray(value);
