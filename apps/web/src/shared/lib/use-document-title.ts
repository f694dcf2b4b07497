import { useEffect } from 'react';

const NAME = 'saas-codex';

/** Names the tab; a leading dot says that something is running. */
export function useDocumentTitle(title: string | undefined, { running = false } = {}): void {
  useEffect(() => {
    document.title = `${running ? '● ' : ''}${title ? `${title} · ` : ''}${NAME}`;
    return () => {
      document.title = NAME;
    };
  }, [title, running]);
}
