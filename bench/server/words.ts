/** What the bench and the servers it starts say to each other. */
export interface ServeSettings {
  who: 'ours' | 'peer' | 'bare';
  /** The peer has none of its own in memory. */
  store: { file: string } | { port: number } | 'memory';
  families: number;
}

/** What one client presents: a Cookie header, or a refresh token. */
export interface Presented {
  credential: string;
  gen: number;
}
