/** A visitor for tests: what a browser sends to the demo's server, cookies included. */
export class Visitor {
  readonly #cookies = new Map<string, string>();
  token = '';

  constructor(
    readonly origin: string,
    private readonly id = 'ab-together-1',
  ) {}

  async send(method: string, path: string, body?: unknown, headers: Record<string, string> = {}): Promise<Response> {
    const response = await fetch(this.origin + path, {
      method,
      redirect: 'manual',
      headers: {
        'sec-fetch-site': 'same-origin',
        'x-tabaton': '1',
        referer: `${this.origin}/together?id=${this.id}`,
        cookie: [...this.#cookies].map((pair) => pair.join('=')).join('; '),
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
        ...headers,
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    for (const line of response.headers.getSetCookie()) {
      const [pair = '', ...attributes] = line.split(';');
      const [name = '', value = ''] = pair.split('=', 2);
      if (attributes.some((attribute) => /^\s*max-age=0$/i.test(attribute))) this.#cookies.delete(name);
      else this.#cookies.set(name, value);
    }
    return response;
  }

  async signIn(): Promise<Record<string, unknown>> {
    return this.#keep(await this.send('POST', '/auth/login', { user: 'ada', password: 'counting-machines' }));
  }

  refresh(have: number, reason = 'expiring', attempt = crypto.randomUUID().replaceAll('-', '')): Promise<Response> {
    return this.send('POST', '/auth/refresh', { have, reason, ids: [attempt] }, { 'idempotency-key': attempt });
  }

  api(token = this.token): Promise<Response> {
    return this.send('GET', '/api/me', undefined, { authorization: `Bearer ${token}` });
  }

  async #keep(response: Response): Promise<Record<string, unknown>> {
    const body = (await response.json()) as Record<string, unknown>;
    if (typeof body['access_token'] === 'string') this.token = body['access_token'];
    return body;
  }

  async adopt(response: Response): Promise<Record<string, unknown>> {
    return this.#keep(response);
  }
}
