/** The payload of a JWT, unverified: lifetime and subject for backends that say neither. Never trusted for access. */
export const readClaims = (token: string): Record<string, unknown> | undefined => {
  try {
    const bytes = Uint8Array.from(atob(token.split('.')[1]!.replace(/-/g, '+').replace(/_/g, '/')), (char) => char.charCodeAt(0));
    return JSON.parse(new TextDecoder().decode(bytes));
  } catch {
    return undefined;
  }
};
