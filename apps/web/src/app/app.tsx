import { QueryClientProvider } from '@tanstack/react-query';
import { RouterProvider } from '@tanstack/react-router';
import { reopenLink } from '../entities/session/api/open-share-link.js';
import { createQueryClient } from '../shared/api/query-client.js';
import { shareLinkOfPage, startPage } from '../shared/api/shared-page.js';
import { Toaster } from '../shared/ui/toast.js';
import { createAppRouter } from './router.js';

/** Pages that themselves say what somebody does who is not signed in. */
const SIGNED_OUT_PAGES = new Set(['/sign-in', '/confirm-email']);

startPage(location.pathname);
const queryClient = createQueryClient(() => {
  if (SIGNED_OUT_PAGES.has(router.state.location.pathname)) return;
  if (shareLinkOfPage() !== undefined) return void reopenLink(queryClient);
  queryClient.clear();
  void router.navigate({ to: '/sign-in' });
});
const router = createAppRouter(queryClient);

export const App = () => (
  <QueryClientProvider client={queryClient}>
    <RouterProvider router={router} />
    <Toaster />
  </QueryClientProvider>
);
