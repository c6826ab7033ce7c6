import type { LogLine } from '../../contract.js';
import { part } from '../part.js';
import { sentence } from './sentence.js';

/** The endpoint below each stage: the last thing it did, in one line. */
export function showAtDoor(line: LogLine): void {
  if (line.route !== 'refresh') return;
  const door = part(`door-${line.stage}`);
  // Which of several nodes it was; what has only arrived is nobody's yet.
  door.firstElementChild?.replaceChildren(nodeName(line) ?? 'server');
  door.lastElementChild?.replaceChildren(sentence(line));
  door.dataset['state'] = toneOf(line);
}

export function nodeName(line: LogLine): string | undefined {
  return 'node' in line && line.node !== undefined ? `node ${line.node}` : undefined;
}

/** Before anything has happened: what runs there. */
export function introduceNodes(count: number): void {
  if (count) part('door-together').lastElementChild?.replaceChildren(`${count === 1 ? 'one node' : `${count} nodes`} sharing one Redis`);
}

/** Nobody being signed in yet is an answer, not a refusal. */
export function toneOf(line: LogLine): string {
  if (line.phase !== 'answered') return line.phase;
  if (line.status < 400) return 'good';
  return line.reason === 'no_cookie' ? 'neutral' : 'bad';
}
