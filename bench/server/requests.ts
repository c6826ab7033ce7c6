/** What the bench sends to either server, and how it reads the answer. */
import type { Presented } from './words.js';

const attempt = (serial: number) => `bench-${String(serial).padStart(16, '0')}`;

export function refreshOf(reason: 'expiring' | 'startup') {
  return ({ credential, gen }: Presented, serial: number): string => {
    const id = attempt(serial);
    const body = JSON.stringify({ context: 'page', reason, have: gen, ids: [id] });
    return `POST /auth/refresh HTTP/1.1\r\nHost: localhost:3000\r\nOrigin: http://localhost:3000\r\nX-Tabaton: 1\r\nSec-Fetch-Site: same-origin\r\nIdempotency-Key: ${id}\r\nCookie: ${credential}\r\nContent-Type: application/json\r\nContent-Length: ${body.length}\r\n\r\n${body}`;
  };
}

export function takeOurs(family: Presented, { status, head, body }: { status: number; head: string; body: string }): string {
  const cookie = /\r\nset-cookie: ([^;\r]+)[^\r]*HttpOnly/i.exec(head)?.[1];
  if (cookie) family.credential = cookie;
  const answer = JSON.parse(body) as { gen?: number; outcome?: string; reason?: string };
  if (status === 200) family.gen = answer.gen!;
  return status === 200 ? answer.outcome! : `${status} ${answer.reason}`;
}

const BASIC = Buffer.from('bench:bench-secret').toString('base64');
export function peerRequest({ credential }: Presented): string {
  const body = `grant_type=refresh_token&refresh_token=${credential}`;
  return `POST /token HTTP/1.1\r\nHost: localhost:3000\r\nAuthorization: Basic ${BASIC}\r\nContent-Type: application/x-www-form-urlencoded\r\nContent-Length: ${body.length}\r\n\r\n${body}`;
}
export function takePeer(family: Presented, { status, body }: { status: number; body: string }): string {
  const answer = JSON.parse(body) as { refresh_token?: string; error?: string };
  if (status !== 200) return `${status} ${answer.error}`;
  family.credential = answer.refresh_token!;
  return 'rotated';
}
