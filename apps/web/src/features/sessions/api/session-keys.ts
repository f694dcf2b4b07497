/** Query keys of everything about sessions. */
export const sessionKeys = {
  all: ['sessions'] as const,
  lists: ['sessions', 'list'] as const,
  list: (archived: boolean) => [...sessionKeys.lists, { archived }] as const,
  details: ['sessions', 'detail'] as const,
  detail: (sessionId: string) => [...sessionKeys.details, sessionId] as const,
  /** How far a clone is; fed by the activity stream alone. */
  progress: (sessionId: string) => ['sessions', 'progress', sessionId] as const,
};
