/** Query keys of everything about runs. */
export const runKeys = {
  all: ['runs'] as const,
  list: (sessionId: string) => ['runs', 'list', sessionId] as const,
};
