import type { QueryClient } from '@tanstack/react-query';
import {
  createRootRouteWithContext,
  createRoute,
  createRouter,
  lazyRouteComponent,
  Outlet,
  redirect,
} from '@tanstack/react-router';
import { runsQuery } from '../entities/run/api/list-runs.js';
import { sessionQuery } from '../entities/session/api/get-session.js';
import { sessionsQuery } from '../entities/session/api/list-sessions.js';
import { SessionSearch } from '../entities/session/changes-location.js';
import { HomeSearch } from '../features/home/home-search.js';
import { ApiError } from '../shared/api/api-error.js';
import { meQuery } from '../shared/api/get-me.js';
import { systemQuery } from '../shared/api/get-system.js';
import { AppShell } from './app-shell.js';
import { CrashPage, NotFoundPage } from './error-pages.js';

/**
 *     /sign-in, /sign-up, /forgot-password, /reset-password, /confirm-email, /invitation
 *                         pages without the shell, which need no sign-in to open
 *     /shared/$shareLinkId  a session as the reader of a link sees it
 *     shell               sidebar, palette, live updates; needs a sign-in
 *       /                   home: the composer of a new session
 *       /sessions/$sessionId
 *       /settings           the first of the pages in settings/settings-pages.ts
 *       /settings/$page
 */
const root = createRootRouteWithContext<{ queryClient: QueryClient }>()({
  component: Outlet,
  notFoundComponent: NotFoundPage,
});

const signIn = createRoute({
  getParentRoute: () => root,
  path: '/sign-in',
  component: lazyRouteComponent(() => import('../features/sign-in/sign-in-page.js'), 'SignInPage'),
});

const signUp = createRoute({
  getParentRoute: () => root,
  path: '/sign-up',
  component: lazyRouteComponent(() => import('../features/sign-in/sign-up-page.js'), 'SignUpPage'),
});

const forgotPassword = createRoute({
  getParentRoute: () => root,
  path: '/forgot-password',
  component: lazyRouteComponent(
    () => import('../features/sign-in/forgot-password-page.js'),
    'ForgotPasswordPage',
  ),
});

const resetPassword = createRoute({
  getParentRoute: () => root,
  path: '/reset-password',
  component: lazyRouteComponent(
    () => import('../features/sign-in/reset-password-page.js'),
    'ResetPasswordPage',
  ),
});

const confirmEmail = createRoute({
  getParentRoute: () => root,
  path: '/confirm-email',
  component: lazyRouteComponent(
    () => import('../features/sign-in/confirm-email-page.js'),
    'ConfirmEmailPage',
  ),
});

const shell = createRoute({
  getParentRoute: () => root,
  id: 'shell',
  component: AppShell,
  beforeLoad: async ({ context: { queryClient } }) => {
    void queryClient.prefetchInfiniteQuery(sessionsQuery());
    void queryClient.prefetchQuery(systemQuery);
    try {
      await queryClient.ensureQueryData(meQuery);
    } catch (error) {
      // Without a connection the page still opens, says so, and recovers.
      if (error instanceof ApiError && error.code === 'unauthenticated') throw redirect({ to: '/sign-in' });
    }
  },
});

const home = createRoute({
  getParentRoute: () => shell,
  path: '/',
  validateSearch: HomeSearch,
  component: lazyRouteComponent(() => import('../features/home/home-page.js'), 'HomePage'),
});

const loadSessionPage = () => import('./session-page/session-page.js');

const session = createRoute({
  getParentRoute: () => shell,
  path: '/sessions/$sessionId',
  validateSearch: SessionSearch,
  loader: ({ context: { queryClient }, params }) => {
    void queryClient.prefetchQuery(sessionQuery(params.sessionId));
    void queryClient.prefetchInfiniteQuery(runsQuery(params.sessionId));
  },
  component: lazyRouteComponent(loadSessionPage, 'SessionPage'),
});

/** Loads a page of Settings, and first the list of them, which no other page needs. */
async function preloadSettings(page: string | undefined): Promise<void> {
  const { settingsPage } = await import('./settings/settings-pages.js');
  await settingsPage(page)?.component.preload?.();
}

const settings = createRoute({
  getParentRoute: () => shell,
  path: '/settings',
  component: lazyRouteComponent(() => import('./settings/settings-layout.js'), 'SettingsLayout'),
});

const firstSettingsPage = createRoute({
  getParentRoute: () => settings,
  path: '/',
  loader: () => preloadSettings(undefined),
});

const oneSettingsPage = createRoute({
  getParentRoute: () => settings,
  path: '$page',
  loader: ({ params }) => preloadSettings(params.page),
});

const invitation = createRoute({
  getParentRoute: () => root,
  path: '/invitation',
  component: lazyRouteComponent(() => import('../features/invitation/invitation-page.js'), 'InvitationPage'),
});

const shared = createRoute({
  getParentRoute: () => root,
  path: '/shared/$shareLinkId',
  validateSearch: SessionSearch,
  component: lazyRouteComponent(() => import('./session-page/shared-page.js'), 'SharedPage'),
});

const routeTree = root.addChildren([
  signIn,
  signUp,
  forgotPassword,
  resetPassword,
  confirmEmail,
  invitation,
  shared,
  shell.addChildren([home, session, settings.addChildren([firstSettingsPage, oneSettingsPage])]),
]);

export const createAppRouter = (queryClient: QueryClient) => {
  // Its code is loaded while the server is asked who the person is.
  if (location.pathname.startsWith('/sessions/')) void loadSessionPage();
  return createRouter({
    routeTree,
    context: { queryClient },
    defaultPreload: 'intent',
    // TanStack Query decides what is fresh.
    defaultPreloadStaleTime: 0,
    defaultErrorComponent: CrashPage,
    scrollRestoration: false,
  });
};

declare module '@tanstack/react-router' {
  interface Register {
    router: ReturnType<typeof createAppRouter>;
  }
}
