import { shortHash } from '../encoding.js';

/** A session id is derived from the family id, so that even a family the store has forgotten can be named. */
export const sidOf = (family: string): Promise<string> => shortHash(`sid ${family}`);
