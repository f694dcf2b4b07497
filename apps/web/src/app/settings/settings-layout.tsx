import { useQuery } from '@tanstack/react-query';
import { Link, useParams } from '@tanstack/react-router';
import { ChevronDown } from 'lucide-react';
import { Suspense, useEffect, useId, useRef, useState } from 'react';
import { meQuery } from '../../shared/api/get-me.js';
import { cx } from '../../shared/lib/cx.js';
import { useDocumentTitle } from '../../shared/lib/tab-badge.js';
import { PageHeader } from '../../shared/ui/page-header.js';
import { Skeleton } from '../../shared/ui/skeleton.js';
import { NotFoundPage } from '../error-pages.js';
import { SETTINGS_GROUPS, settingsPage } from './settings-pages.js';

type Page = NonNullable<ReturnType<typeof settingsPage>>;

/** Settings: its pages in groups, and the one that the address names. */
export function SettingsLayout() {
  const named = useParams({ from: '/shell/settings/$page', shouldThrow: false });
  const page = settingsPage(named?.page);
  return page ? <Settings page={page} /> : <NotFoundPage />;
}

function Settings({ page }: { page: Page }) {
  useDocumentTitle(page.path === settingsPage(undefined)?.path ? 'Settings' : page.title);
  return (
    <main key={page.path} className="flex h-full flex-col overflow-y-auto">
      <PageHeader />
      <div className="mx-auto w-full max-w-2xl gap-x-10 px-4 pb-16 lg:flex lg:max-w-4xl">
        <Navigation page={page} />
        <div className="min-w-0 flex-1">
          <h1 className="mb-6 text-xl font-semibold tracking-tight">{page.title}</h1>
          <SettingsPageBody page={page} />
        </div>
      </div>
    </main>
  );
}

/** What a page shows below its title. */
export function SettingsPageBody({ page }: { page: Page }) {
  const mayOpen = useMayOpen();
  if (!mayOpen(page)) return <p className="text-sm text-muted-foreground">{page.forbidden}</p>;
  const { component: Content, intro } = page;
  return (
    <>
      {intro && <p className="-mt-4 mb-6 max-w-prose text-sm text-muted-foreground">{intro}</p>}
      <Suspense fallback={<Skeleton className="h-40" />}>
        <Content />
      </Suspense>
    </>
  );
}

/** As long as nobody knows what the person may do, they may open everything, and the server decides. */
function useMayOpen() {
  const { data: me } = useQuery(meQuery);
  return ({ permission }: Page) => !permission || (me?.permissions?.includes(permission) ?? true);
}

/** A column beside the page; where there is no room for it, a button that shows the list. */
function Navigation({ page: current }: { page: Page }) {
  const mayOpen = useMayOpen();
  const [open, setOpen] = useState(false);
  const toggle = useRef<HTMLButtonElement>(null);
  const id = useId();
  const close = () => {
    if (!open) return;
    setOpen(false);
    toggle.current?.focus();
  };
  useEffect(() => {
    if (!open) return;
    const onKeyDown = ({ key }: KeyboardEvent) => {
      if (key !== 'Escape') return;
      setOpen(false);
      toggle.current?.focus();
    };
    document.addEventListener('keydown', onKeyDown);
    return () => document.removeEventListener('keydown', onKeyDown);
  }, [open]);
  const group = SETTINGS_GROUPS.find(({ pages }) => pages.includes(current));
  return (
    <nav aria-label="Settings" className="max-lg:mb-6 lg:w-44 lg:shrink-0">
      <button
        ref={toggle}
        type="button"
        aria-expanded={open}
        aria-controls={id}
        onClick={() => setOpen(!open)}
        className="flex h-9 w-full items-center gap-1.5 rounded-lg border border-input bg-card px-3 text-sm shadow-xs pointer-coarse:h-11 lg:hidden"
      >
        <span className="text-muted-foreground">{group?.title}</span>
        <span className="flex-1 truncate text-left font-medium">{current.title}</span>
        <ChevronDown aria-hidden className={cx('size-4 text-muted-foreground', open && 'rotate-180')} />
      </button>
      <div
        id={id}
        className={cx(
          'max-lg:mt-2 max-lg:rounded-xl max-lg:border max-lg:bg-card max-lg:px-2 max-lg:pt-3 max-lg:pb-1 lg:sticky lg:top-0',
          !open && 'max-lg:hidden',
        )}
      >
        {SETTINGS_GROUPS.map(({ title, pages }) => {
          const offered = pages.filter((page) => !page.isHidden && mayOpen(page));
          return (
            offered.length > 0 && (
              <section key={title} aria-label={title} className="mb-4 max-lg:mb-2">
                <h2 className="mb-1 px-2 text-xs font-medium text-muted-foreground">{title}</h2>
                <ul>
                  {offered.map((page) => (
                    <li key={page.path}>
                      <Link
                        to="/settings/$page"
                        params={{ page: page.path }}
                        aria-current={page === current ? 'page' : undefined}
                        onClick={close}
                        className={cx(
                          'flex h-8 items-center rounded-lg px-2 text-sm hover:bg-hover pointer-coarse:h-11',
                          page === current && 'bg-selected font-medium',
                        )}
                      >
                        {page.title}
                      </Link>
                    </li>
                  ))}
                </ul>
              </section>
            )
          );
        })}
      </div>
    </nav>
  );
}
