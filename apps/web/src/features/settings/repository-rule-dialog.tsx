import { CreateRepositoryRule, type RepositoryRule } from '@saas-codex/contracts/repository-rules';
import { useState } from 'react';
import { ActionDialog } from '../../shared/ui/action-dialog.js';
import { TextField } from '../../shared/ui/text-field.js';
import { useRepositoryRules } from './api/repository-rules.js';

interface RepositoryRuleDialogProps {
  /** null: a new one. */
  rule: RepositoryRule | null;
  onClose: () => void;
}

/** Makes a rule, or changes what one says. */
export function RepositoryRuleDialog({ rule, onClose }: RepositoryRuleDialogProps) {
  const [typed, setTyped] = useState({
    host: rule?.host ?? '',
    path: rule?.path ?? '',
    branch_pattern: rule?.branch_pattern ?? '',
  });
  const [allowed, setAllowed] = useState(rule?.allow_default_branch ?? false);
  const { create, update } = useRepositoryRules();
  const pattern = typed.branch_pattern.trim();
  const checked = CreateRepositoryRule.safeParse({
    host: typed.host.trim(),
    path: typed.path.trim(),
    branch_pattern: pattern === '' ? null : pattern,
    allow_default_branch: allowed,
  });
  const field = (name: keyof typeof typed) => {
    const issue = checked.error?.issues.find(({ path }) => path[0] === name);
    return {
      value: typed[name],
      onChange: (event: { target: { value: string } }) => setTyped({ ...typed, [name]: event.target.value }),
      autoComplete: 'off',
      autoCapitalize: 'none',
      spellCheck: false,
      ...(issue && typed[name] !== '' && { error: `It ${issue.message}.` }),
    };
  };
  const submit = () => {
    if (!checked.data) return;
    const { branch_pattern, allow_default_branch } = checked.data;
    if (rule === null) create.mutate(checked.data, { onSuccess: onClose });
    else
      update.mutate(
        { id: rule.rule_id, body: { branch_pattern, allow_default_branch } },
        { onSuccess: onClose },
      );
  };
  return (
    <ActionDialog
      title={rule === null ? 'New rule' : `Rule for ${[rule.host, rule.path].filter(Boolean).join('/')}`}
      description="It holds from the next push on."
      action="Save"
      disabled={!checked.success}
      state={rule === null ? create : update}
      onSubmit={submit}
      onClose={onClose}
    >
      {rule === null && (
        <div className="grid gap-3 sm:grid-cols-2">
          <TextField label="Host" placeholder="github.com" maxLength={253} autoFocus {...field('host')} />
          <TextField
            label="Only below"
            placeholder="acme"
            maxLength={500}
            hint="A group or a repository. Empty: everything on the host."
            {...field('path')}
          />
        </div>
      )}
      <TextField
        label="Names of branches"
        placeholder="codex/{person}/{title}-{id}"
        maxLength={100}
        className="[&_input]:font-mono"
        hint="{id} stands for the session, {title} and {person} for words of their own. Empty: any name."
        {...field('branch_pattern')}
      />
      <label className="flex items-start gap-2 text-sm pointer-coarse:min-h-11">
        <input
          type="checkbox"
          checked={allowed}
          onChange={({ target }) => setAllowed(target.checked)}
          className="mt-1"
        />
        <span>
          Sessions may push to the default branch
          <span className="block text-xs text-muted-foreground">
            Nobody reviews the work then before it is there, unless the host asks for it.
          </span>
        </span>
      </label>
    </ActionDialog>
  );
}
