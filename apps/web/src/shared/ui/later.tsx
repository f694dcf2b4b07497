import { type ComponentType, type ReactNode, useEffect, useReducer, useState } from 'react';

/** A component whose code is loaded when it is first shown, or before. */
interface Later<Props> {
  (props: Props): ReactNode;
  /** Loads the code, so that the component is there at once when it is shown. */
  prepare: () => void;
}

const Nothing = () => null;

/**
 * Puts off loading the code of a component. React's own `lazy` keeps its fallback for at least 0.3 seconds, even if the
 * code arrives at once or was there before; this does not.
 * @param Meanwhile is shown until then
 */
export function later<Props extends object>(
  load: () => Promise<ComponentType<Props>>,
  Meanwhile: ComponentType = Nothing,
): Later<Props> {
  let Loaded: ComponentType<Props> | null = null;
  const prepare = async () => {
    Loaded ??= await load();
  };

  function Shown(props: Props) {
    const [, renderAgain] = useReducer((count: number) => count + 1, 0);
    const [failure, setFailure] = useState<Error | null>(null);
    useEffect(() => {
      if (!Loaded) prepare().then(renderAgain, setFailure);
    }, []);
    // The error page offers to reload.
    if (failure) throw failure;
    return Loaded ? <Loaded {...props} /> : <Meanwhile />;
  }
  // If it cannot be loaded now, it is loaded again when it is shown.
  return Object.assign(Shown, { prepare: () => void prepare().catch(() => {}) });
}

/** A session's answer is shown by then, on a slow line, too. */
const LEISURE_MS = 4_000;

/** Like `later`, for what a page can do without for a moment: even its code is loaded only when the rest is there. */
export function atLeisure<Props extends object>(load: () => Promise<ComponentType<Props>>) {
  const Loaded = later(load);
  return function AtLeisure(props: Props) {
    const [wanted, setWanted] = useState(false);
    useEffect(() => {
      const timer = setTimeout(() => setWanted(true), LEISURE_MS);
      return () => clearTimeout(timer);
    }, []);
    return wanted && <Loaded {...props} />;
  };
}
