import { useCallback, useSyncExternalStore } from 'react';

export function useMediaQuery(query: string): boolean {
  const subscribe = useCallback(
    (listener: () => void) => {
      const list = matchMedia(query);
      list.addEventListener('change', listener);
      return () => list.removeEventListener('change', listener);
    },
    [query],
  );
  return useSyncExternalStore(subscribe, () => matchMedia(query).matches);
}

/** Too narrow for two columns: the sidebar is a drawer. Same limit as Tailwind's `md`. */
const PHONE = '(max-width: 767px)';
export const isPhone = (): boolean => matchMedia(PHONE).matches;
export const useIsPhone = (): boolean => useMediaQuery(PHONE);
