import { useInfiniteQuery } from '@tanstack/react-query';
import { Download, ScrollText } from 'lucide-react';
import { useState } from 'react';
import { Button } from '../../shared/ui/button.js';
import { EmptyState } from '../../shared/ui/empty-state.js';
import { ErrorNotice } from '../../shared/ui/error-notice.js';
import { LoadMore } from '../../shared/ui/load-more.js';
import { Skeleton } from '../../shared/ui/skeleton.js';
import { auditExportUrl, auditQuery } from './api/audit.js';
import { AuditFilterBar, NO_FILTER, toAuditFilters } from './audit-filters.js';
import { AuditRow } from './audit-row.js';
import { AuditWebhookSection } from './audit-webhook-section.js';
import { Section } from './section.js';

/** Who did what in the organisation. */
export function AuditPage() {
  const [choice, setChoice] = useState(NO_FILTER);
  const filters = toAuditFilters(choice);
  const query = useInfiniteQuery(auditQuery(filters));
  const entries = query.data?.pages.flatMap((page) => page.items) ?? [];
  const isFiltered = Object.values(filters).some(Boolean);
  return (
    <>
      <AuditFilterBar choice={choice} onChange={setChoice} />
      <div className="mb-6 flex flex-wrap gap-2">
        {(['csv', 'ndjson'] as const).map((format) => (
          <Button key={format} size="sm" asChild>
            <a href={auditExportUrl(filters, format)} download>
              <Download aria-hidden className="size-3.5" />
              Export {format.toUpperCase()}
            </a>
          </Button>
        ))}
        {isFiltered && (
          <Button size="sm" variant="ghost" onClick={() => setChoice(NO_FILTER)}>
            Clear filters
          </Button>
        )}
      </div>
      <Section title="Entries, newest first">
        {query.isPending && <Skeleton className="my-3 h-40" />}
        {query.isError && !query.data && (
          <ErrorNotice error={query.error} onRetry={() => void query.refetch()} className="my-3" />
        )}
        {query.isSuccess && entries.length === 0 && (
          <EmptyState icon={ScrollText} title={isFiltered ? 'Nothing matches these filters' : 'Nothing yet'}>
            {isFiltered
              ? 'Choose another time, or clear the filters.'
              : 'What people change in this organisation appears here.'}
          </EmptyState>
        )}
        {entries.length > 0 && (
          <ul aria-busy={query.isPlaceholderData} className="divide-y">
            {entries.map((entry) => (
              <AuditRow
                key={entry.entry_id}
                entry={entry}
                onFilter={(part) => setChoice({ ...choice, ...part })}
              />
            ))}
          </ul>
        )}
        <LoadMore query={query} />
      </Section>
      <AuditWebhookSection />
    </>
  );
}
