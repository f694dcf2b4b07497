import { useEffect, useState } from 'react';

/**
 * The secret of a link, from the fragment of the address (`#token=…`), which browsers never send. It is removed from the address
 * and the history at once. null: there is none.
 */
export function takeToken(): string | null {
  const token = new URLSearchParams(location.hash.slice(1)).get('token');
  if (location.hash) history.replaceState(history.state, '', location.pathname + location.search);
  return token;
}

/** Calls back when a link is pasted into this tab, which changes only the fragment, so the page does not load again. */
export function onPastedLink(use: (token: string) => void): () => void {
  const onHash = () => {
    const token = takeToken();
    if (token !== null) use(token);
  };
  addEventListener('hashchange', onHash);
  return () => removeEventListener('hashchange', onHash);
}

/** The secret of the link that opened this page, or of one that was pasted later. */
export function useLinkToken(): string | null {
  const [token, setToken] = useState(takeToken);
  useEffect(() => onPastedLink(setToken), []);
  return token;
}
