import { PageHeader } from '../../shared/ui/page-header.js';
import { Skeleton } from '../../shared/ui/skeleton.js';

export const SessionSkeleton = () => (
  <main aria-busy aria-label="Loading session" className="flex h-full flex-col">
    <PageHeader bordered>
      <Skeleton className="h-4 w-64" />
    </PageHeader>
    <div className="mx-auto flex w-full max-w-3xl flex-col gap-3 px-4 pt-8">
      <Skeleton className="mb-6 ml-auto h-12 w-2/3 rounded-2xl" />
      <Skeleton className="h-4 w-5/6" />
      <Skeleton className="h-4 w-4/6" />
      <Skeleton className="h-4 w-3/6" />
    </div>
  </main>
);
