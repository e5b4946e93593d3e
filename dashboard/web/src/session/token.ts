/** The token of an address such as `/reset#token=…`; behind the `#` it never reaches a server's log. */
export function tokenOf(hash: string): string | null {
  const token = new URLSearchParams(hash.replace(/^#/, '')).get('token');
  return token === null || token.trim() === '' ? null : token.trim();
}
