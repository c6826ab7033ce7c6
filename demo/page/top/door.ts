import type { LogLine } from '../../contract.js';
import { part } from '../part.js';
import { sentence } from './sentence.js';

/** The endpoint below each stage: the last thing it did, in one line. */
export function showAtDoor(line: LogLine): void {
  if (line.route !== 'refresh') return;
  const door = part(`door-${line.stage}`);
  door.lastElementChild?.replaceChildren(sentence(line));
  door.dataset['state'] = toneOf(line);
}

/** Nobody being signed in yet is an answer, not a refusal. */
export function toneOf(line: LogLine): string {
  if (line.phase !== 'answered') return line.phase;
  if (line.status < 400) return 'good';
  return line.reason === 'no_cookie' ? 'neutral' : 'bad';
}
