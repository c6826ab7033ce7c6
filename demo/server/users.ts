/** The demo's only user. Users are the application's affair: nothing of this is in the package. */
const ADA = { name: 'ada', password: 'counting-machines', sub: 'Ada' };

/** What `createEndpoint({ authenticate })` calls on `POST /auth/login`. */
export async function authenticate(request: Request): Promise<{ sub: string } | null> {
  const said = (await request.json().catch(() => ({}))) as { user?: unknown; password?: unknown };
  return said.user === ADA.name && said.password === ADA.password ? { sub: ADA.sub } : null;
}
