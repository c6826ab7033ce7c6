/** `app/auth/[...path]/route.js`: every method of the endpoint, in the Node runtime, never cached. */
import { site } from '../../../endpoint.mjs';

export const runtime = 'nodejs';
export const dynamic = 'force-dynamic';

/**
 * The client’s address, by which login limits count. Next notes the peer where no proxy did; behind one the last entry is
 * what that has seen, and those before it anybody can write.
 */
const addressOf = (request) => request.headers.get('x-forwarded-for')?.split(',').at(-1).trim();

const answer = async (request) => (await site()).endpoint(request, { address: addressOf(request) });
export { answer as GET, answer as POST, answer as DELETE, answer as OPTIONS };
