/** The name of the draft in a session's composer. */
export const promptDraftKey = (sessionId: string): string => `prompt/${sessionId}`;

/** The name of the queued prompt that is being edited. */
export const promptEditKey = (sessionId: string): string => `edit/${sessionId}`;

/** In front of what was typed meanwhile. */
export const inFront = (prompt: string) => (current: string) =>
  current ? `${prompt}\n\n${current}` : prompt;
