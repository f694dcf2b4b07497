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

/** Too narrow for two columns: the sidebar becomes a drawer, Changes a tab. Same border as Tailwind's `md`. */
export const useIsPhone = (): boolean => useMediaQuery('(max-width: 767px)');
