/** `app/api/me/route.js`: an API of the application that takes the access token. */
import { site } from '../../../endpoint.mjs';

export const dynamic = 'force-dynamic';

export async function GET(request) {
  const user = await (await site()).userOf(request.headers.get('Authorization'));
  return Response.json({ user }, { status: user ? 200 : 401 });
}
