import type { Action } from '../contract.js';
import { json } from './request.js';

/** What can only be asked of several nodes is absent where there are none. */
export type Actions = Record<Exclude<Action, 'kill-node'>, () => void> & Partial<Record<'kill-node', () => void>>;

/** `POST /demo/<action>`. The header makes it a request no other site can send: it would need a preflight's leave. */
export function controlRoutes(actions: Actions) {
  return (request: Request): Response => {
    const name = new URL(request.url).pathname.slice('/demo/'.length);
    if (request.method !== 'POST' || request.headers.get('x-demo') !== '1') return json(403, { error: 'header_missing' });
    if (!Object.hasOwn(actions, name)) return json(404, { error: 'no_such_action' });
    actions[name as Action]?.();
    return json(200, { done: name });
  };
}
