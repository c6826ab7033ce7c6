/** `app/auth/[...path]/route.js`: every method of the endpoint, in the Node runtime, never cached. */
import { site } from '../../../endpoint.mjs';

export const runtime = 'nodejs';
export const dynamic = 'force-dynamic';

const answer = async (request) => (await site()).endpoint(request);
export { answer as GET, answer as POST, answer as DELETE, answer as OPTIONS };
