import type { LogLine } from '../../contract.js';

/** A sender as a person would call it. */
function nameOf(sender: string): string {
  const number = /-(\d)$/.exec(sender)?.[1];
  if (number) return `tab ${number}`;
  return sender === 'tab' ? 'a real tab' : 'the page';
}

/** One line of the log in words. */
export function sentence(line: LogLine): string {
  const who = nameOf(line.from);
  const what = line.route === 'api' ? 'GET /me' : line.route;
  switch (line.phase) {
    case 'arrived':
      return `${what} from ${who}${line.reason ? `, ${line.reason}` : ''}`;
    case 'held':
      return `reply to ${who} is held back`;
    case 'lost':
      if (line.how === 'killed') return `killed before its reply to ${who}`;
      return line.how === 'hung' || line.how === 'dropped' ? `reply to ${who} ${line.how === 'hung' ? 'never comes' : 'is lost'}` : `no reply to ${who}: offline`;
    case 'answered': {
      const detail = line.outcome ?? line.reason;
      const token = line.generation === undefined ? '' : `, token ${line.generation}`;
      return `${line.status} to ${who}${detail ? `: ${detail}` : ''}${token}`;
    }
  }
}
