import type { Session } from '../../../src/index.js';

/** The application's own login: a password form would send the same. Then the session is told, and with it every tab. */
export async function signInAs(session: Session): Promise<void> {
  const response = await fetch('/auth/login', {
    method: 'POST',
    headers: { 'content-type': 'application/json', 'x-tabaton': '1' },
    body: JSON.stringify({ user: 'ada', password: 'counting-machines' }),
  });
  if (!response.ok) throw new Error(`The login answered ${response.status}.`);
  await session.start(await response.json());
}
