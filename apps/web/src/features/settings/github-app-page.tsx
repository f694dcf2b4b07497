import { CreateGithubApp } from '@saas-codex/contracts/forges';
import { Link, useNavigate } from '@tanstack/react-router';
import { type FormEvent, useEffect, useRef, useState } from 'react';
import { Button } from '../../shared/ui/button.js';
import { ErrorNotice } from '../../shared/ui/error-notice.js';
import { Skeleton } from '../../shared/ui/skeleton.js';
import { TextField } from '../../shared/ui/text-field.js';
import { useBeginGithubApp, useConvertGithubApp } from './api/forges.js';
import { Section } from './section.js';

const HERE = '/settings/github-app';

/** What GitHub has added to the address to which it sent the browser. */
interface Returned {
  code: string;
  state: string;
}

/**
 * Makes a GitHub App:
 *
 *     form ─► the browser posts a manifest to GitHub, where a person agrees ─► back here with a code ─► connected ─► install it
 *
 * Only a document that was loaded at this address may send forms elsewhere, by the gateway's policy: link here with a plain `a`.
 */
export function GithubAppPage() {
  const [returned] = useState(readReturned);
  const navigate = useNavigate();
  useEffect(() => {
    // The code does not stay in the address.
    if (returned) void navigate({ to: '/settings/$page', params: { page: 'github-app' }, replace: true });
    // GitHub has sent the browser back from where the App was installed.
    else if (new URLSearchParams(location.search).has('installation_id'))
      void navigate({ to: '/settings/$page', params: { page: 'forges' }, replace: true });
  }, [navigate, returned]);
  return returned ? <Connecting {...returned} /> : <Begin />;
}

function readReturned(): Returned | null {
  const search = new URLSearchParams(location.search);
  const code = search.get('code');
  const state = search.get('state');
  return code !== null && state !== null ? { code, state } : null;
}

function Begin() {
  const [organisation, setOrganisation] = useState('');
  const [url, setUrl] = useState('');
  const begin = useBeginGithubApp();
  const checked = CreateGithubApp.safeParse({
    organisation: organisation.trim() || undefined,
    url: url.trim() || undefined,
  });
  const errorOf = (field: keyof CreateGithubApp) => {
    const issue = checked.error?.issues.find(({ path }) => path[0] === field);
    return issue ? { error: `It ${issue.message}.` } : {};
  };
  const submit = (event: FormEvent) => {
    event.preventDefault();
    if (!checked.data) return;
    begin.mutate(checked.data, {
      onSuccess: ({ url: page, state, manifest }) => post(`${page}?state=${state ?? ''}`, { manifest }),
    });
  };
  return (
    <Section title="New GitHub App">
      <form onSubmit={submit} aria-label="New GitHub App" className="space-y-3 py-3">
        <TextField
          label="Organisation at GitHub"
          placeholder="acme"
          hint="Who is to own the App. Empty: the account that you are signed in with at GitHub."
          maxLength={100}
          autoComplete="off"
          spellCheck={false}
          value={organisation}
          onChange={(event) => setOrganisation(event.target.value)}
          {...errorOf('organisation')}
        />
        <TextField
          label="Address of GitHub"
          placeholder="https://github.com"
          hint="Empty: github.com. Else that of your Enterprise Server."
          maxLength={260}
          autoComplete="off"
          spellCheck={false}
          value={url}
          onChange={(event) => setUrl(event.target.value)}
          {...errorOf('url')}
        />
        <p className="max-w-prose text-xs text-muted-foreground">
          GitHub shows what the App may do, and asks you to agree: read and write code, pull requests and
          commit statuses, and read checks and job logs. You then choose its repositories.
        </p>
        {begin.error && <ErrorNotice error={begin.error} />}
        <div className="flex flex-wrap gap-2">
          <Button
            variant="primary"
            type="submit"
            busy={begin.isPending || begin.isSuccess}
            disabled={!checked.success}
          >
            Continue at GitHub
          </Button>
          <BackButton />
        </div>
      </form>
    </Section>
  );
}

function Connecting({ code, state }: Returned) {
  const convert = useConvertGithubApp();
  const { mutate, data, error } = convert;
  const asked = useRef(false);
  useEffect(() => {
    if (asked.current) return;
    asked.current = true;
    mutate({ code, state });
  }, [mutate, code, state]);
  const app = data?.github_app;
  return (
    <Section title="New GitHub App">
      <div role="status" className="space-y-3 py-3">
        {!data && !error && <Skeleton className="h-16" />}
        {error && (
          <>
            <ErrorNotice error={error} />
            <div className="flex flex-wrap gap-2">
              <Button variant="primary" asChild>
                <a href={HERE}>Begin again</a>
              </Button>
              <BackButton />
            </div>
          </>
        )}
        {app && (
          <>
            <p className="text-sm [overflow-wrap:anywhere]">
              {app.name} is connected. It reaches no repository yet: choose at GitHub which.
            </p>
            <div className="flex flex-wrap gap-2">
              <Button variant="primary" asChild>
                <a href={app.install_url}>Install it</a>
              </Button>
              <BackButton />
            </div>
          </>
        )}
      </div>
    </Section>
  );
}

const BackButton = () => (
  <Button asChild>
    <Link to="/settings/$page" params={{ page: 'forges' }}>
      Back to Forges
    </Link>
  </Button>
);

/** Leaves the page as if a person had sent a form. */
function post(action: string, fields: Record<string, string>): void {
  const form = document.createElement('form');
  Object.assign(form, { method: 'post', action, hidden: true });
  for (const [name, value] of Object.entries(fields)) {
    const input = document.createElement('input');
    Object.assign(input, { type: 'hidden', name, value });
    form.append(input);
  }
  document.body.append(form);
  form.submit();
}
