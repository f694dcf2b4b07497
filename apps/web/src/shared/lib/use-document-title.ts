import { useEffect } from 'react';

const NAME = 'saas-codex';

/** Sets the title of the tab. A leading dot means that a run is in progress. */
export function useDocumentTitle(title: string | undefined, { running = false } = {}): void {
  useEffect(() => {
    document.title = `${running ? '● ' : ''}${title ? `${title} · ` : ''}${NAME}`;
    return () => {
      document.title = NAME;
    };
  }, [title, running]);
}
