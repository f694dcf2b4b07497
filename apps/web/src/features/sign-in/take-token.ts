/**
 * The secret of the sign-in link, from the address's fragment (`#token=…`), which browsers send to nobody. It is
 * taken out of the address and of the history at once. Null when there is none.
 */
export function takeToken(): string | null {
  const token = new URLSearchParams(location.hash.slice(1)).get('token');
  if (location.hash) history.replaceState(history.state, '', location.pathname + location.search);
  return token;
}
