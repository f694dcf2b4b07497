/** How far a clone is; `percent` is null where git does not say. */
interface CloneProgress {
  phase: 'resolving' | 'fetching' | 'checking_out';
  percent: number | null;
}
export type OnCloneProgress = (progress: CloneProgress) => void;
