/** `instrumentation.js`, beside `app/`: Next awaits it before the first request, so what is wrong is said at the start. */
export async function register() {
  if (process.env.NEXT_RUNTIME !== 'nodejs') return;
  const { site } = await import('./endpoint.mjs');
  await (await site()).endpoint.ready();
}
