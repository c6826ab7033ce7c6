/** Schedules that once broke an invariant, shortened by hand or by fast-check. Each is a timeline of its own. */
import { describe, expect, it } from 'vitest';
import { play } from './play.js';
import { read } from './schedule.js';

const FOUND: [name: string, timeline: string, schedule: string][] = [
  [
    'an orphan whose wait was cut short is not forgotten',
    'A sends and is frozen · B takes the hold over, waits for the orphan · a token of long ago arrives, the wait ends, the hold is released · B sends beside the orphan',
    'plain chromium seed=0 tabs=page,page,page,page life=60 in | +3 stop 0 | +200 cache 0 | +200 cache 0 | ~flight restore holder | +0 freeze 0 | ~flight show holder | +0 thaw holder | +8 freeze 0 | +0 get 0',
  ],
  [
    'a sign-out in the moment of a login ends that login for everybody',
    'start(grant) · signOut() in the same turn: written before the session has a name, said to nobody',
    'full chromium seed=0 tabs=page life=60 | +0 open holder 10 | +200 signIn 0 4 | +0 signOut 0 | +0 hang 0 | +200 get 0',
  ],
  [
    'who hears that a session began which is over says so',
    'a frame of another site signs out · the record is lost · a new page restores the session; no token travels here, but its beginning is said',
    'full chromium seed=0 tabs=page,foreign life=60 in hints | +200 close 0 | +0 signOut 0 | +1 corrupt 0 | +0 open 0 | +200 picky holder | +0 get 0',
  ],
  [
    'a page that slept through a login does not push the later logout aside',
    'A signs out and is cached before it is written · a login · signed out again, offline: pending · A comes back and writes its own logout over it',
    'full chromium seed=0 tabs=page,page,page life=60 in | +200 loseReply 0 | ~flight signOut holder | +0 cache holder | +200 signIn 0 | +200 close holder | ~flight offline 0 | ~flight signOut 0 | +0 loseRequest 0 | ~flight signIn 0',
  ],
  [
    'a sign-out after the ledger was lost, and lost again',
    'the record is lost, nobody has looked since · a frame signs out and writes another one, which is lost as well · the page knows neither',
    'full chromium seed=0 tabs=foreign,page life=300 in | ~flight delay 0 | ~flight forget 0 | ~flight signOut 0 | +3 corrupt 0 | ~flight close 0 | +0 close 0 | +200 signIn 0',
  ],
  [
    'who hears a token of a session that is over says so',
    'a frame of another site signs out beside a page that is prerendered · the record is lost · the page is shown and restores the session: the frame alone knows better',
    'full chromium seed=0 tabs=page,foreign life=60 in | ~flight get holder | ~flight get holder | +0 close holder | +200 open 0 11 | ~flight signOut 0 | ~flight forget holder | +200 get holder',
  ],
  [
    'a new document shows a full endpoint its winners in its first request',
    'rotated · the browser is killed before its cookie is on disk · the new document knows the level from the ledger, but asked before it had read it: no winners, and the old cookie looks stolen',
    'full chromium seed=0 tabs=page life=30 in | +5000 hang 0 | +61000 sick 0 | +0 kill holder',
  ],
  [
    'a sign-out that nobody has heard of survives the loss of its ledger',
    'A signs out, the logout is turned away · the record is lost · B starts with a new one · A reads that: what it knows is not in it, however often it has looked',
    'full chromium seed=0 tabs=page life=60 in | +200 get holder | +0 limited 0 | +200 open holder 11 | +200 signOut holder | +200 forget 0',
  ],
  [
    'a start that brings the token which is here already is met by it',
    'start({ accessToken }) · start() · the endpoint answers with the very token that is held: not newer, so asked for again, every five seconds',
    'full chromium seed=4948 tabs=worker,page life=60 | ~flight signIn 0 | +0 signIn holder 10 | +200 sick holder | +0 unauthorized holder',
  ],
  [
    'a cooldown whose clock was set back does not last until that time comes again',
    'a failure at ten · the clock is set back two hours · the next failure keeps the later of two ends: two hours',
    'full chromium seed=0 tabs=page,page life=60 in | +200 close holder | +0 portal 0 | ~flight get 0 | +0 hang 0 | ~flight jump holder 1 | +200 get 0 | ~flight online holder',
  ],
  [
    'a sign-out whose ledger is lost with the tab that wrote it counts as said',
    'A signs out, writes, tells · the record is overwritten · A is closed · B looks it up: another ledger, and nobody left who could say it again',
    'plain chromium seed=0 tabs=page life=300 in | +200 delay holder | ~flight loseReply 0 | +200 kill 0 9 | +5000 signOut 0 | +2 corrupt holder | +0 online 0 | +200 close 0',
  ],
  [
    'a sign-out that a failing ledger takes late is looked up until then',
    'a frame of another site signs out, the write fails and is offered again · the others look once, too early, and again',
    'full chromium seed=951341 tabs=page,foreign,page,page life=60 in | +200 signIn 5 | ~flight ledgerFails holder | +0 signOut 1 | ~flight get 0 | ~flight close holder',
  ],
  [
    'a tab that signs out and dies before anybody was told: who learns it from the ledger tells the server',
    'A signs out, writes closed and logout, is closed 3 ms later · B reads the ledger at its next refresh: ended, and nobody says it to the endpoint',
    'full chromium seed=0 tabs=page life=60 in | ~flight open holder | +200 signOut 0 | +3 close 0 | ~flight get holder | +0 sleep 0',
  ],
  [
    'a sign-out in a frame of another site that is closed at once reaches the server through the page beside it',
    'a foreign frame signs out and is sent no cookie · closed · the page learns it from the ledger',
    'full chromium seed=0 tabs=foreign,page life=60 in hints | +29 close holder | +4 picky 0 | ~flight lossy 0 | ~flight jump 0 | +0 signOut holder | ~flight close 0 | +200 get holder',
  ],
  [
    'a frame of another site that a plain backend turns away ends nobody’s session',
    'a foreign frame is sent no cookie: 401 · the page beside it is signed in all the same',
    'plain chromium seed=0 tabs=page life=60 in | +200 open 0 10 | ~flight hide holder',
  ],
  [
    'a start without a session ends with an answer, not with a storm of requests',
    'start() in a foreign frame · none · none · and again, ten times a second, for ever',
    'full chromium seed=999980 tabs=foreign,iframe life=60 hints | +26 signIn 0 9',
  ],
  [
    'a start on an unknown backend writes no session time of its own clock',
    'start() · into bfcache · back: the ledger names a session by our clock, the answer one by the server’s, older: refused, again and again',
    'full chromium seed=637940 tabs=page life=60 | +31 signIn 0 | +18 cache 3 6',
  ],
  [
    'a holder that has lost the lock begins nothing new',
    'A holds, is cached, 429 · B is granted and waits for A’s orphan · A wakes, goes on without the lock, waits for B’s orphan · both send the same credential',
    'plain webkit seed=772343 tabs=page life=60 in | ~landing limited 0 1 | +7 open holder 11 | ~flight cache holder 2 | +58 burst 0 7',
  ],
  [
    'a token that waited in a stopped process is not handed out',
    'SIGSTOP · TOKEN queues · 66 s · the process goes on: the message is adopted, its token is over',
    'plain webkit seed=656764 tabs=page,worker,worker,iframe life=60 in | +31000 open 0 2 | ~flight burst 0 8 | ~landing stop 4 9 | ~landing thaw holder',
  ],
  [
    'a jump of the wall clock during a refresh costs one more request, not one every five seconds',
    'POST · the clock goes forward a minute · the token is over at its birth, and the endpoint serves it again from its cache',
    'full webkit seed=999980 tabs=worker life=60 in | +34 jump 0 2',
  ],
  [
    'the ledger is lost at a sign-out: the others hear of it all the same',
    'A signs out, writes, tells · the record is overwritten · B looks it up: nothing there · B must not stay signed in',
    'full firefox seed=760782 tabs=worker,worker life=300 in | +50500 signIn 2 2 | +12500 signOut 2 10 | +3 corrupt holder 11',
  ],
  [
    'a sign-out that the ledger did not take is written with the next change',
    'the write fails: closed is known in memory only · the next write succeeds, on a record that knows nothing of it',
    'full firefox seed=574511 tabs=page,page life=300 in | +50500 ledgerFails holder 11 | +18 signOut 2 2',
  ],
  [
    'a captive portal’s 200 is no confirmation of a sign-out',
    'POST logout · the portal answers 200 with HTML · the endpoint never heard of it',
    'full webkit seed=532118 tabs=page,page,iframe life=300 in | ~flight portal holder 9 | +56 delay holder 4 | +25 signOut 3 6 | +31 lossy holder 10',
  ],
  [
    'a frame of another site leaves the logout to a page that is sent the cookie',
    'a foreign frame signs out: its POST logout carries no cookie and is answered with 200 · nobody is signed out at the server',
    'full firefox seed=131224 tabs=page,foreign,page,page life=60 in hints | ~flight sleep holder 7 | ~flight slowLocks 3 9 | ~flight signIn holder | +28 burst holder 2 | ~flight close 0 8 | +50 signOut holder 1',
  ],
  [
    'two logins in one millisecond: an answer for the other session is asked for again after a pause',
    'login B · login C · the answer names C, the ledger B of the same time: stale, again, stale, again',
    'full chromium seed=591619 tabs=iframe life=60 in | +50500 signIn 0 4 | +0 signIn 1 9',
  ],
  [
    'back from a login page: the token of the tabs that were left is not adopted',
    'tab 1 leaves for the login, tab 2 holds A · login B · tab 1 comes back, asks the tabs, is given A',
    'full chromium seed=5 tabs=page,page life=300 in | +5000 signIn 0 2 | +1500 burst 0',
  ],
  [
    'a second none is dropped when a login came in between',
    'startup: none · once more: none · (stopped) · login, TOKEN adopted · the ledger answers: anonymous?',
    'full chromium seed=3 tabs=page,page,worker life=300 | ~flight get holder 11 | ~flight stop 2 6 | ~flight signIn 4 4',
  ],
  [
    'a context that was stopped between taking the hold and hearing of it does not send',
    'page 2 is granted the lock · SIGSTOP · page 1 overtakes, refreshes · page 2 goes on: its hold of long ago, its own refresh',
    'fenced webkit seed=675676 tabs=page,page life=60 in | +31 stop 1 8 | +55000 stop holder 7 | +31000 signOut 4 8',
  ],
  [
    'a sign-out of nobody known ends no session that begins meanwhile',
    'signOut() before any session is known: SESSION_ENDED without a name · login · looked up once more: which session?',
    'full webkit seed=753644 tabs=page,worker life=300 | ~flight signOut 4 5 | +48 signIn 4 4 | +33 ledgerFails holder 11 | +12500 corrupt 0',
  ],
  [
    'a flight whose session ended while another began goes on in that one',
    'a refresh backs off in session A · A is closed, B has begun and has no token yet · look: A is over · look: A is over …',
    'plain firefox seed=188242 tabs=iframe,worker,worker,page life=300 in | +17 signIn 4 1 | +33 lossy 4 10 | ~landing burst 4 5 | +61000 close holder 8 | ~landing burst holder 1 | +60 hide 5 8 | +18 hang 4 | +7 burst 4 7 | ~flight ledgerFails holder 8 | +12500 double 1 6 | ~flight burst holder 5 | ~landing corrupt holder 8 | +200 cache holder 2 | ~landing sick holder 1 | +40 signIn holder 4 | ~landing signIn holder 1 | +55000 delay 2 11 | +1500 stop 1 6 | ~landing freeze 5 1 | ~flight restore 5 4 | ~flight offline 2 4 | +22 slowLocks holder',
  ],
  [
    'a page that comes back after the sign-out of a frame says it to the endpoint',
    'page 1 cached · a foreign frame signs out, and cannot be heard · page 1 comes back: ended, and POST logout',
    'full chromium seed=327643 tabs=page,iframe life=60 | ~landing freeze 3 4 | +5000 signIn 4 1 | +10 cache 0 9 | +1500 open 3 4 | +5000 signOut holder 2 | +50500 online 4 3',
  ],
  [
    'who settles an id has shown that it is a full endpoint: the first request of the next document carries the winners',
    'every grant is lost · 409: A is settled · B rotates · killed, jar 0 · B alone, as to an unknown endpoint: a thief?',
    'full chromium seed=0 tabs=page,page,worker life=60 | +200 signIn holder | ~flight offline holder | ~flight loseReply 0 | ~flight get holder | ~flight online holder | +9 get 0 | ~flight cache holder | ~flight kill 0 | +200 portal 0 | ~landing get holder | ~flight signIn 0',
  ],
  [
    'a write that was made before a sign-out failed does not take its place',
    'refresh: hold, made · signOut: the store fails, closed is owed · the hold is done: owed nothing? · nobody is ever told',
    'full chromium seed=12 tabs=worker life=300 | ~flight open holder | ~landing open 0 | +0 open 0 | ~flight signIn holder 4 | +200 double 0 2 | +0 offline 0 | +0 unauthorized 2 | ~flight ledgerFails 0 | +200 get holder 4 | +2 signOut 0',
  ],
  [
    'a frame of another site goes on saying that somebody signed out, until a page has said it to the endpoint',
    'a foreign frame signs out, unheard · the ledger is lost: only the frame knows · a page opens, and is signed in for ever',
    'full chromium seed=163670 tabs=worker,foreign life=60 in hints | +200 lossy 0 | +0 signOut 3 | ~flight corrupt 0 | +200 get 0 | ~flight corrupt 0 | ~flight open holder',
  ],
  [
    'a login that waits for its answer is not given the name of an older session',
    'page 1 asleep, A · the ledger is lost, page 2: B · start(): nobody until the answer · page 1 wakes: A? · stale, every 5 s',
    'plain chromium seed=0 tabs=page life=60 in | +200 freeze 0 | +0 forget 0 | ~flight open 0 | ~flight portal 0 | ~flight signIn 0 | +0 thaw holder | ~flight hide holder',
  ],
  [
    'two sessions of a plain backend are never equally old',
    'the clock is set back: each login is one ms after the last · the ledger is lost, page 1 names Q, page 2 holds P: neither is newer',
    'plain chromium seed=0 tabs=page,page,worker life=60 in | +200 jump holder 5 | +200 cache holder | ~flight hide 0 | +36 signIn 0 7 | +200 loseRequest holder | ~flight corrupt holder | +200 portal holder | +0 hide 0',
  ],
  [
    'who learns of a sign-out from the ledger says it at once',
    'page 2 signs out: written · cached before it has said so · page 3 reads it and is ended · page 1 holds its token for 5 to 10 s',
    'full chromium seed=645127 tabs=page,page,page life=60 in hints | +35 get 0 | ~flight signOut 1 | +2 cache holder | ~flight signIn holder | +200 signIn holder',
  ],
  [
    'a page that was cached while it started looks again when it comes back',
    'page 2 asks the ledger: nobody · cached · page 1 signs in and is closed · page 2 comes back: nobody?',
    'full chromium seed=0 tabs=page,page life=60 | +0 cache 3 | ~flight signIn 0 | ~flight get 0 | +0 signIn 0 | +200 unauthorized 0 | +0 close 0 | ~flight cache 0',
  ],
  [
    'a ledger that does not answer says nothing about who is signed in',
    'a login · a document opens where no marker can be read, and its first look at the ledger fails · anonymous?',
    'full chromium seed=5 tabs=worker life=60 | +8 get holder | +27 signIn holder | +12500 ledgerFails 0 | +0 open 0 | ~flight signIn holder | +0 signIn holder',
  ],
  [
    'a login that the ledger could not bear out is said again',
    'page 1 signs in, its ledger does not take it · page 2 hears of it, and the ledger knows nothing · page 1 writes it later',
    'full chromium seed=775777 tabs=page,page life=60 | +200 signIn 0 | +2 ledgerFails 0 | +200 restore 0 | +200 get 0',
  ],
  [
    'a token that comes back after a sign-out, with a page that stood still, is taken away again by those who know',
    'page 1 frozen in mid-refresh · page 2 signs out · the record is lost · page 3 opens · page 1 thaws, commits to what it remembers, tells page 3',
    'full chromium seed=0 tabs=page,page life=300 in | ~flight freeze holder | +55000 get holder | +0 signOut holder | +200 portal 0 | +0 forget holder | +0 open 0 | ~flight double 0 | +0 hang holder | +200 limited holder',
  ],
  [
    'a sign-out that fails once more when the network is back is said again soon, not after the pause that many failures have made long',
    'page 2 signs out offline, again and again: the next try is two minutes away · online, and the logout is lost',
    'full chromium seed=4657 tabs=foreign,page life=60 in | +32 limited holder | ~flight offline holder | ~flight signIn 0 | +0 signOut 3 | ~flight loseRequest 0 | ~flight get holder | +55000 get 0 | +1500 online 0 | +0 jump holder | +200 get 0',
  ],
];

describe('schedules that once broke an invariant', () => {
  it.each(FOUND)('%s', async (_, __, schedule) => {
    expect((await play(read(schedule))).broken).toBeUndefined();
  });
});
