/** The browser's storage keeps the text of a session's composer under this key. */
export const promptDraftKey = (sessionId: string): string => `prompt:${sessionId}`;
