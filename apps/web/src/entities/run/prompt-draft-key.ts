/** The name of the draft in a session's composer. */
export const promptDraftKey = (sessionId: string): string => `prompt/${sessionId}`;
