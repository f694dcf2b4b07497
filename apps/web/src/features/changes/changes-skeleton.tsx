import { Skeleton } from '../../shared/ui/skeleton.js';

const LINES = ['w-1/2', 'w-4/5', 'w-2/3', 'w-3/4', 'w-2/5', 'w-3/5'];

export const ChangesSkeleton = () => (
  <div aria-busy="true" className="space-y-3 p-3">
    <span className="sr-only">Loading changes</span>
    {[0, 1].map((card) => (
      <div key={card} className="rounded-lg border">
        <div className="flex h-10 items-center border-b px-3">
          <Skeleton className="h-3.5 w-48" />
        </div>
        <div className="space-y-2.5 p-3">
          {LINES.map((width) => (
            <Skeleton key={width} className={`h-3 ${width}`} />
          ))}
        </div>
      </div>
    ))}
  </div>
);
