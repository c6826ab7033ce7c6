/** A browser through a day: tabs that do not coordinate, a jar that reaches the disk late, a durable ledger. */
import { DEADLINE_MS, MAX_IDS, TRANSIT_MS, type RefreshReason } from '../../contract/wire.js';
import type { Day } from './day-queue.js';
import { LIFETIME_MS, type DayServer } from './day-server.js';

const FLUSH_MS = 30_000;
const HOUR_MS = 3_600_000;

/** Chances per refresh. */
export interface Weather {
  readonly tabs: number;
  /** A request or its reply gets lost. */
  readonly loss: number;
  /** The lid is closed while a refresh is under way; opened again up to eight hours later. */
  readonly lid: number;
  /** The browser is killed up to half a minute after a refresh, and starts again within a minute. */
  readonly kill: number;
  /** The browser sends the POST again by itself. */
  readonly resend: number;
}

export interface Profile {
  readonly cookie: number;
  readonly attempt: string | null;
  readonly winners: readonly string[];
}

export interface DayBrowser {
  start(): void;
  sleep(ms: number): void;
  asleep(): boolean;
  ended(): boolean;
  /** What a copy of the disk or of the running browser holds. */
  copy(from: 'disk' | 'memory'): Profile;
  /** Called when a presentation of the browser has reached the server. */
  onPresented(heard: () => void): void;
  /** Called when a request has left, before it arrives. */
  onSent(heard: () => void): void;
}

export function openBrowser(day: Day, server: DayServer, weather: Weather): DayBrowser {
  let jar = 0;
  let disk = 0;
  let dirty = false;
  let attempt: string | null = null;
  let winners: string[] = [];
  let minted = 0;
  // Raised by a kill or a closed lid: whatever was in flight before is not heard any more.
  let life = 0;
  let sleeping = false;
  let over = false;
  const presented: (() => void)[] = [];
  const sent: (() => void)[] = [];
  const latency = (): number => (day.chance() < 0.02 ? day.chance() * (TRANSIT_MS - 1_000) : 20 + day.chance() * 400);

  function keepCookie(cookie: number): void {
    jar = cookie;
    if (dirty) return;
    dirty = true;
    day.after(day.chance() * FLUSH_MS, () => {
      disk = jar;
      dirty = false;
    });
  }

  function settle(id: string | null): void {
    if (id === null || id !== attempt) return;
    winners = [id, ...winners].slice(0, MAX_IDS - 1);
    attempt = null;
  }

  function refresh(reason: RefreshReason): void {
    if (sleeping || over) return;
    if (attempt === null) {
      minted += 1;
      attempt = `victim-${minted}`;
    }
    const mine = life;
    const started = day.now();
    const cookie = jar;
    const ids = [attempt, ...winners] as const;
    let answered = false;
    let copy = 0;

    const travel = (): void => {
      copy += 1;
      const number = copy;
      if (day.chance() < weather.loss / 2) return;
      day.after(latency(), () => {
        const served = server.serve(cookie, ids, reason);
        for (const heard of presented) heard();
        if (day.chance() < weather.loss / 2) return;
        day.after(latency(), () => {
          // Gone: killed, asleep, given up, or the connection of this copy has died.
          if (mine !== life || number !== copy || day.now() - started > DEADLINE_MS) return;
          answered = true;
          if (served.decision === 'reuse' || served.decision === 'dead') {
            over = true;
            return;
          }
          if (served.cookie !== null) keepCookie(served.cookie);
          settle(served.settled);
          if (served.tokenUntil === null) refresh(reason);
          else day.after(Math.max(1_000, (served.tokenUntil - day.now()) * (0.85 + day.chance() * 0.1)), () => mine === life && refresh('expiring'));
        });
      });
    };
    travel();
    for (const heard of sent) heard();
    if (day.chance() < weather.resend) day.after(day.chance() * (DEADLINE_MS - 1_000), () => mine === life && !answered && travel());
    day.after(DEADLINE_MS + 1_000 + day.chance() * 1_000, () => mine === life && !answered && refresh(reason));
    if (day.chance() < weather.lid) day.after(day.chance() * 600, () => mine === life && close(day.chance() * 8 * HOUR_MS));
    if (day.chance() < weather.kill) day.after(day.chance() * FLUSH_MS, () => mine === life && kill());
  }

  function begin(reason: RefreshReason): void {
    for (let tab = 0; tab < weather.tabs; tab += 1) day.after(day.chance() * 2_000, () => refresh(reason));
  }

  function close(ms: number): void {
    life += 1;
    sleeping = true;
    day.after(ms, () => {
      sleeping = false;
      begin('expiring');
    });
  }

  function kill(): void {
    life += 1;
    jar = disk;
    const mine = life;
    day.after(5_000 + day.chance() * 55_000, () => mine === life && begin('startup'));
  }

  return {
    start: () => {
      for (let tab = 0; tab < weather.tabs; tab += 1) day.after(LIFETIME_MS * (0.8 + day.chance() * 0.2), () => refresh('expiring'));
    },
    sleep: close,
    asleep: () => sleeping,
    ended: () => over,
    copy: (from) => ({ cookie: from === 'disk' ? disk : jar, attempt, winners }),
    onPresented: (heard) => presented.push(heard),
    onSent: (heard) => sent.push(heard),
  };
}
