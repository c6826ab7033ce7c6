/** The part of ServiceWorkerGlobalScope this package uses: the DOM library of TypeScript describes pages only. */
export interface WorkerEvent {
  waitUntil(work: Promise<unknown>): void;
}

export interface FetchEvent extends WorkerEvent, Pick<Event, 'isTrusted' | 'stopImmediatePropagation'> {
  readonly request: Request;
  respondWith(answer: Response | Promise<Response>): void;
}

export interface InstallEvent extends WorkerEvent {
  /** Static routing (Chromium): such requests do not even start the worker. */
  addRoutes?(rules: { condition: { urlPattern: string; requestMethod?: string }; source: 'network' }): Promise<void>;
}

export interface MessageFromPage extends WorkerEvent {
  readonly data: unknown;
  readonly ports: readonly MessagePort[];
}

export interface WorkerScope {
  addEventListener(type: 'fetch', run: (event: FetchEvent) => void): void;
  addEventListener(type: 'install', run: (event: InstallEvent) => void): void;
  addEventListener(type: 'message', run: (event: MessageFromPage) => void): void;
  dispatchEvent(event: Event): boolean;
  readonly FetchEvent: new (type: 'fetch', init: FetchEvent) => Event;
  readonly location: Location;
  readonly registration: ServiceWorkerRegistration;
  readonly clients: { claim(): Promise<void> };
  /** Chromium 87, Firefox 140, Safari 18.4. */
  readonly cookieStore?: { get(name: string): Promise<unknown> };
  skipWaiting(): Promise<void>;
}
