/**
 * Typed state machines: for every status the statuses that may follow. A table that forgets a status does not
 * compile. Postgres statuses change only through `statusesBefore` (compare-and-set), see docs/architecture.md.
 */
export type TransitionTable<S extends string> = Record<S, readonly S[]>;

export const canTransition = <S extends string>(table: TransitionTable<S>, from: S, to: S): boolean =>
  table[from].includes(to);

/** The statuses from which `to` may be reached: the WHERE of a compare-and-set. */
export const statusesBefore = <S extends string>(table: TransitionTable<S>, to: S): S[] =>
  (Object.keys(table) as S[]).filter((from) => canTransition(table, from, to));

/** True when nothing follows. */
export const isFinal = <S extends string>(table: TransitionTable<S>, status: S): boolean =>
  table[status].length === 0;
