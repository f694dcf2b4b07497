import { Link } from '@tanstack/react-router';
import { usePermission } from '../../../shared/api/use-permission.js';
import { useDocumentTitle } from '../../../shared/lib/use-document-title.js';
import { PageHeader } from '../../../shared/ui/page-header.js';
import { LimitsSection } from './limits-section.js';
import { ModelsSection } from './models-section.js';
import { SpentSection } from './spent-section.js';

/** What models cost, what may be spent, and on which models. */
export function UsagePage() {
  useDocumentTitle('Limits and usage');
  const maySee = usePermission('usage:read');
  const maySeeModels = usePermission('models:read');
  return (
    <main className="flex h-full flex-col overflow-y-auto">
      <PageHeader />
      <div className="mx-auto w-full max-w-2xl px-4 pb-16">
        <p className="mb-1 text-xs text-muted-foreground">
          <Link to="/settings" className="hover:text-foreground">
            Settings
          </Link>
        </p>
        <h1 className="mb-6 text-xl font-semibold tracking-tight">Limits and usage</h1>
        {maySee ? (
          <>
            <SpentSection />
            <LimitsSection />
          </>
        ) : (
          <p className="text-sm">You cannot see what this organisation uses. Ask an admin.</p>
        )}
        {maySeeModels && <ModelsSection />}
      </div>
    </main>
  );
}
