/**
 * What the demo's server and its pages say to each other: types only, shared by both.
 * Times are epoch milliseconds, durations milliseconds.
 */

/** The two stages: six tabs that each refresh for themselves, and six tabs that share one refresh. */
export type StageName = 'each' | 'together';

/** Where a request came from: `<page>-<stage>-<number>` for a context of a stage, else `tab` or `page`. */
export type Sender = string;

export type Route = 'refresh' | 'login' | 'logout' | 'session' | 'events' | 'api' | 'other';

/** Number of the process that did it, where the right stage runs on several; absent otherwise. */
type NodeNumber = { node?: number };

interface Line {
  /** Line number of the log, from 1. */
  seq: number;
  at: number;
  stage: StageName;
  from: Sender;
  route: Route;
  /** Joins the lines of one request. */
  request: number;
}

/** One line of the server's log. It never carries a token, a cookie or an attempt id. */
export type LogLine =
  | (Line & { phase: 'arrived'; reason?: string })
  /** The endpoint has done its work; the demo keeps the reply back. */
  | (Line & NodeNumber & { phase: 'held' })
  /** The reply never left the server: the socket was destroyed, or left open without a byte, or its node ended first. */
  | (Line & NodeNumber & { phase: 'lost'; how: 'dropped' | 'hung' | 'unplugged' | 'killed' })
  | (Line & NodeNumber & { phase: 'answered'; status: number; ms: number; outcome?: string; reason?: string; generation?: number });

/** What the server counted for one shared expiry, and since it started. */
export interface Tally {
  stage: StageName;
  /** Number of the expiry this counts, from 1; 0 before the first. */
  expiry: number;
  /** Refresh requests that arrived for it. */
  requests: number;
  /** Of those, how many were told that their session is over. */
  thrownOut: number;
  /** Of those, how many have been answered in any way. */
  answered: number;
  total: { requests: number; thrownOut: number };
  /** Of all of them, how many each node has carried out, node 1 first; empty where there is one process. */
  byNode: number[];
}

/** First event of the stream: what the page needs to set up its stages. */
export interface Hello {
  /** Changes when the server process does; the page then reloads. */
  boot: string;
  /** Origin of the left stage: its own port, so that neither stage queues behind the other's connections. */
  eachOrigin: string;
  /** Access token lifetime on both stages. */
  lifetime: number;
  unplugged: boolean;
  /** Processes that share the right stage's sessions; 0 where the demo's own process has them. */
  nodes: number;
  tallies: Tally[];
  recent: LogLine[];
}

/** Events of `GET /demo/events`. */
export interface StreamEvents {
  hello: Hello;
  line: LogLine;
  tally: Tally;
  plug: { unplugged: boolean };
}

/** Actions of `POST /demo/<action>`; each needs the header `X-Demo: 1`. */
export type Action =
  /** The next refresh of the right stage is carried out, its reply kept back until `release`. */
  | 'hold'
  | 'release'
  /** The next refresh of the right stage is carried out, its reply lost with the connection. */
  | 'lose'
  /** The next refresh of the right stage is carried out and never answered. */
  | 'hang'
  /** The next refresh of the right stage is carried out, then the node that did it is killed. Only with nodes. */
  | 'kill-node'
  /** The right stage's APIs refuse every access token issued so far. */
  | 'expire'
  /** The same on both stages. */
  | 'expire-all'
  /** The right stage's endpoint and API drop every connection, until `plug`. */
  | 'unplug'
  | 'plug';
