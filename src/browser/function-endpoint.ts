/** An application's own refresh function: whatever it returns or throws becomes a reply. */
import type { RefreshCall, Reply } from '../core/ports.js';
import type { EndpointFunction } from './routes.js';
import { replyOf } from './exchange.js';

const field = (value: unknown, name: string): unknown =>
  typeof value === 'object' && value !== null ? (value as Record<string, unknown>)[name] : undefined;

export const ask = async (run: EndpointFunction, call: RefreshCall, signal: AbortSignal): Promise<Reply> => {
  const { attempt, reason, scope, resource } = call;
  try {
    const answer = await run({ attempt, reason, scope, resource, signal });
    return answer instanceof Response ? await replyOf(answer) : { kind: 'http', status: 200, json: answer };
  } catch (error) {
    // HTTP clients throw on 4xx and keep the answer: `response.status`, and `data` where it is parsed.
    const response = field(error, 'response');
    const status = field(response, 'status');
    if (typeof status !== 'number') throw error;
    if (response instanceof Response && !response.bodyUsed) return replyOf(response);
    return { kind: 'http', status, json: field(response, 'data') ?? field(error, 'data') };
  }
};
