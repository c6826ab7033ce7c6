/** What a node is told when it starts, as its one argument. Its key comes by the environment, as an operator's would. */
export interface NodeSettings {
  number: number;
  /** Of the page. */
  origin: string;
  /** Access token lifetime in ms. */
  lifetime: number;
  /** Port of the Redis it shares with the others. */
  redis: number;
}

/** What it says over the process channel, once. */
export interface NodeWord {
  port: number;
}

/** Every answer of a node says which one it was. */
export const NODE_HEADER = 'x-demo-node';
