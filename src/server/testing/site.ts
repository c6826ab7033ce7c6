/** An endpoint on a memory store with a clock the test moves, and a browser in front of it that keeps cookies. */
import type { RefreshAnswer, RefreshBody } from '../../contract/wire.js';
import type { EndpointOptions } from '../config/endpoint-options.js';
import { createEndpoint, type Endpoint } from '../endpoint.js';
import type { EndpointEvent } from '../observe.js';
import type { Store } from '../store.js';
import { memoryStore } from '../stores/memory.js';
import { fakeClock, type FakeClock } from './fake-clock.js';

export const KEY = 'c2VjcmV0LWtleS1mb3ItdGVzdHMtb25seS0wMTIzNDU2Nzg5';

export interface TestSite {
  endpoint: Endpoint;
  store: Store;
  clock: FakeClock;
  events: EndpointEvent[];
  origin: string;
}

export function site(options: Partial<EndpointOptions> = {}): TestSite {
  const clock = fakeClock();
  const store = options.store ?? memoryStore({ clock });
  const events: EndpointEvent[] = [];
  const origin = options.publicOrigin ?? 'https://app.example';
  const endpoint = createEndpoint({
    publicOrigin: origin,
    store,
    clock,
    keys: KEY,
    jitter: 0,
    observe: (event) => events.push(event),
    authenticate: async (request) => {
      const { user, password } = (await request.json()) as { user?: string; password?: string };
      return user !== undefined && password === 'right' ? { sub: user } : null;
    },
    ...options,
  });
  return { endpoint, store, clock, events, origin };
}

/** From now on a logout lands between the decision of the store and what is made of it. */
export function logoutAfterPresent({ store }: TestSite): void {
  const { present } = store;
  store.present = async (id, presentation) => {
    const presented = await present(id, presentation);
    await store.end(id, 'signed_out');
    return presented;
  };
}

/** 22 characters of base64url that differ by their number. */
export const attempt = (serial: number): string => `attempt-${String(serial).padStart(14, '0')}`;

export interface Reply {
  status: number;
  body: Record<string, unknown>;
  setCookies: string[];
  headers: Headers;
}

/** Keeps cookies as a browser does: by name, the last `Set-Cookie` wins, `Max-Age=0` deletes. */
export class TestBrowser {
  readonly jar = new Map<string, string>();
  #serial = 0;

  constructor(
    readonly site: TestSite,
    readonly headers: Record<string, string> = { 'Sec-Fetch-Site': 'same-origin' },
  ) {}

  get cookieHeader(): string {
    return [...this.jar].map(([name, value]) => `${name}=${value}`).join('; ');
  }

  /** The session cookies, without the hint. */
  get sessionCookies(): string[] {
    return [...this.jar.keys()].filter((name) => !name.startsWith('tabaton-hint'));
  }

  nextAttempt(): string {
    this.#serial += 1;
    return attempt(this.#serial);
  }

  request(method: string, path: string, body?: unknown, headers: Record<string, string> = {}): Request {
    const cookie = this.cookieHeader;
    return new Request(`${this.site.origin}/auth${path}`, {
      method,
      headers: {
        ...(method === 'GET' ? {} : { 'X-Tabaton': '1' }),
        ...(body === undefined ? {} : { 'Content-Type': 'application/json' }),
        ...(cookie === '' ? {} : { Cookie: cookie }),
        ...this.headers,
        ...headers,
      },
      body: body === undefined ? undefined : typeof body === 'string' ? body : JSON.stringify(body),
    });
  }

  /** Sends without touching the jar: what a browser does whose reply is lost. */
  async send(request: Request, info: { address?: string } = {}): Promise<Reply> {
    const response = await this.site.endpoint(request, info);
    const text = await response.text();
    const json = response.headers.get('Content-Type')?.startsWith('application/json') ? JSON.parse(text) : { text };
    return { status: response.status, body: json, setCookies: response.headers.getSetCookie(), headers: response.headers };
  }

  keep(reply: Reply): Reply {
    for (const line of reply.setCookies) {
      const [, name, value] = /^([^=]+)=([^;]*)/.exec(line)!;
      if (/Max-Age=0(;|$)/.test(line)) this.jar.delete(name!);
      else this.jar.set(name!, value!);
    }
    return reply;
  }

  async call(method: string, path: string, body?: unknown, headers?: Record<string, string>): Promise<Reply> {
    return this.keep(await this.send(this.request(method, path, body, headers)));
  }

  async login(user = 'ada', password = 'right'): Promise<Reply & { body: RefreshAnswer & Record<string, unknown> }> {
    return (await this.call('POST', '/login', { user, password })) as never;
  }

  refreshRequest(body: RefreshBody = {}): Request {
    const ids = body.ids ?? [this.nextAttempt()];
    return this.request('POST', '/refresh', { reason: 'expiring', ...body, ids }, { 'Idempotency-Key': ids[0]! });
  }

  async refresh(body: RefreshBody = {}): Promise<Reply> {
    return this.keep(await this.send(this.refreshRequest(body)));
  }
}
