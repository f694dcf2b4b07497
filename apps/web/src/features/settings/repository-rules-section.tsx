import type { RepositoryRule } from '@saas-codex/contracts/repository-rules';
import { useInfiniteQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { usePermission } from '../../shared/api/use-permission.js';
import { ActionDialog } from '../../shared/ui/action-dialog.js';
import { Button } from '../../shared/ui/button.js';
import { ErrorNotice } from '../../shared/ui/error-notice.js';
import { LoadMore } from '../../shared/ui/load-more.js';
import { Skeleton } from '../../shared/ui/skeleton.js';
import { repositoryRulesQuery, useRepositoryRules } from './api/repository-rules.js';
import { RepositoryRuleDialog } from './repository-rule-dialog.js';
import { Row, Section } from './section.js';

/** Which branches sessions push to. Everybody who ships sees the rules, and admins make them. */
export function RepositoryRulesSection() {
  const mayManage = usePermission('shipping:manage');
  const query = useInfiniteQuery(repositoryRulesQuery);
  const [adding, setAdding] = useState(false);
  const rules = query.data?.pages.flatMap((page) => page.items) ?? [];
  return (
    <Section title="Branches">
      {query.isPending && <Skeleton className="my-3 h-10" />}
      {query.isError && !query.data && (
        <ErrorNotice error={query.error} onRetry={() => void query.refetch()} className="my-3" />
      )}
      {query.isSuccess && rules.length === 0 && (
        <p className="py-3 text-sm text-muted-foreground">
          There are no rules. Sessions propose a branch of their own, people may choose another one, and the
          settings of the installation say whether it may be the default branch.
        </p>
      )}
      {rules.map((rule) => (
        <RuleRow key={rule.rule_id} rule={rule} mayManage={mayManage} />
      ))}
      <LoadMore query={query} />
      {mayManage && query.isSuccess && (
        <Row
          name="Another rule"
          note="For all repositories of a host, of a group, or for one. The one with the longest path holds."
        >
          <Button size="sm" onClick={() => setAdding(true)}>
            Add a rule…
          </Button>
        </Row>
      )}
      {adding && <RepositoryRuleDialog rule={null} onClose={() => setAdding(false)} />}
    </Section>
  );
}

function RuleRow({ rule, mayManage }: { rule: RepositoryRule; mayManage: boolean }) {
  const [asking, setAsking] = useState<'change' | 'remove' | null>(null);
  const { remove } = useRepositoryRules();
  const close = () => setAsking(null);
  const name = rule.path === '' ? rule.host : `${rule.host}/${rule.path}`;
  return (
    <div className="flex flex-wrap items-center gap-x-4 gap-y-2 py-3">
      <div className="min-w-40 flex-1">
        <code className="block font-mono text-sm [overflow-wrap:anywhere]">{name}</code>
        <p className="text-xs text-muted-foreground [overflow-wrap:anywhere]">
          {rule.branch_pattern === null ? (
            'Any name for branches'
          ) : (
            <>
              Branches <code className="font-mono">{rule.branch_pattern}</code>
            </>
          )}
          {' · '}
          {rule.allow_default_branch ? 'the default branch is allowed' : 'never the default branch'}
        </p>
      </div>
      {mayManage && (
        <div className="flex flex-wrap gap-2">
          <Button size="sm" aria-label={`Change the rule for ${name}`} onClick={() => setAsking('change')}>
            Change…
          </Button>
          <Button size="sm" aria-label={`Remove the rule for ${name}`} onClick={() => setAsking('remove')}>
            Remove…
          </Button>
        </div>
      )}
      {asking === 'change' && <RepositoryRuleDialog rule={rule} onClose={close} />}
      {asking === 'remove' && (
        <ActionDialog
          title={`Remove the rule for ${name}?`}
          description="From the next push on, a wider rule holds, or the settings of the installation."
          action="Remove"
          danger
          state={remove}
          onSubmit={() => remove.mutate(rule.rule_id, { onSuccess: close })}
          onClose={close}
        />
      )}
    </div>
  );
}
