/** Where what a person typed and has not sent is kept in this browser. */
export const draftKeys = {
  newSession: 'draft:new-session',
  session: (sessionId: string) => `draft:${sessionId}`,
};
