/** `Server-Timing`: what a refresh waited for, in milliseconds. @see https://www.w3.org/TR/server-timing/ */
import type { Spent } from '../mediation/mediator.js';

export const serverTiming = ({ lockMs, upstreamMs }: Spent = { lockMs: 0, upstreamMs: 0 }): string =>
  `lock;dur=${Math.round(lockMs)}, upstream;dur=${Math.round(upstreamMs)}`;
