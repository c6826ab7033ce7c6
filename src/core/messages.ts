/**
 * What contexts of one origin say to each other: one discriminated union, validated on receipt.
 * Any script of the origin can read and write this channel, so a message is a claim, never a command.
 */

/** Version of the message protocol. Messages of another version are ignored, names never carry it. */
export const PROTOCOL = 1;
/** Longest message that is looked at (characters of its token and strings together). */
const MAX_MESSAGE_LENGTH = 131_072;

/** An access token on its way between contexts of one origin. */
export interface WireGrant {
  token: string;
  sid: string;
  sessionAt: number;
  generation: number;
  /** (scope set, resource) it was minted for. */
  key: string;
  scope?: string;
  sub?: string;
  /** Whole lifetime in ms; 0 when unknown. */
  lifetime: number;
  /** Ms of life left when it was posted. */
  remaining: number;
  /** Wall clock of the sender when it was posted: a message can wait for hours in a stopped process. */
  sentAt: number;
}

/** All that a sealed session says of a token. */
export type HeldGrant = Omit<WireGrant, 'token'>;

/** What a message says. */
export type MessageBody =
  | { type: 'TOKEN'; grant: WireGrant }
  /** Mode `sealed`: the service worker has a new one, and keeps it. */
  | { type: 'TOKEN_HELD'; grant: HeldGrant }
  | { type: 'TOKEN_REQUEST'; key: string; have: number }
  | { type: 'REFRESH_STARTED'; key: string }
  | { type: 'REFRESH_FAILED'; retryIn: number; sentAt: number; failures: number }
  | { type: 'SESSION_STARTED'; sid: string; sessionAt: number }
  | { type: 'SESSION_ENDED'; sid: string; reason: string }
  | { type: 'LEADER_ELECTED'; epoch: number }
  | { type: 'LEADER_RESIGNED'; epoch: number }
  | { type: 'STANDING'; visible: boolean; activeAt: number }
  | { type: 'ROLL_CALL' }
  | { type: 'PRESENT'; visible: boolean; role: string; generation: number; epoch: number };

/** A message as it travels, with who sent it. */
export type Message = MessageBody & { protocol: number; from: string; incarnation: string };
export type MessageType = MessageBody['type'];

type Shape = Record<string, 'string' | 'number' | 'boolean' | 'object'>;
const held: Shape = { sid: 'string', sessionAt: 'number', generation: 'number', key: 'string', lifetime: 'number', remaining: 'number', sentAt: 'number' };
const grant: Shape = { ...held, token: 'string' };
const shapes: Record<MessageType, Shape> = {
  TOKEN: { grant: 'object' },
  TOKEN_HELD: { grant: 'object' },
  TOKEN_REQUEST: { key: 'string', have: 'number' },
  REFRESH_STARTED: { key: 'string' },
  REFRESH_FAILED: { retryIn: 'number', sentAt: 'number', failures: 'number' },
  SESSION_STARTED: { sid: 'string', sessionAt: 'number' },
  SESSION_ENDED: { sid: 'string', reason: 'string' },
  LEADER_ELECTED: { epoch: 'number' },
  LEADER_RESIGNED: { epoch: 'number' },
  STANDING: { visible: 'boolean', activeAt: 'number' },
  ROLL_CALL: {},
  PRESENT: { visible: 'boolean', role: 'string', generation: 'number', epoch: 'number' },
};

const fits = (value: unknown, shape: Shape, budget: { left: number }): boolean =>
  typeof value === 'object' &&
  value !== null &&
  Object.entries(shape).every(([name, type]) => {
    const field = (value as Record<string, unknown>)[name];
    if (typeof field === 'string') budget.left -= field.length;
    return typeof field === type && field !== null && (type !== 'number' || (Number.isFinite(field) && (field as number) >= 0));
  }) &&
  budget.left >= 0;

/** The message, or `undefined` for anything that is not exactly one of ours: malformed, too large, of another version. */
export const parseMessage = (data: unknown): Message | undefined => {
  const budget = { left: MAX_MESSAGE_LENGTH };
  if (!fits(data, { protocol: 'number', from: 'string', incarnation: 'string', type: 'string' }, budget)) return;
  const message = data as Message;
  const shape = Object.hasOwn(shapes, message.type) && shapes[message.type];
  if (message.protocol !== PROTOCOL || !shape || !fits(message, shape, budget)) return;
  if (message.type === 'TOKEN_HELD') return fits(message.grant, held, budget) ? message : undefined;
  return message.type !== 'TOKEN' || fits(message.grant, grant, budget) ? message : undefined;
};
