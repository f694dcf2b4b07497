import { Dialog as Radix } from 'radix-ui';
import { Sidebar } from '../features/sidebar/sidebar.js';
import { sidebar, useSidebarShown } from '../shared/ui/sidebar-store.js';
import { useReturnFocus } from '../shared/ui/use-return-focus.js';

/** The sidebar on a phone: slides in over the page and closes once it led somewhere. */
export function SidebarDrawer() {
  const open = useSidebarShown();
  const returnFocus = useReturnFocus();

  return (
    <Radix.Root open={open} onOpenChange={sidebar.closeDrawer}>
      <Radix.Portal>
        <Radix.Overlay className="fixed inset-0 z-40 animate-fade-in bg-overlay" />
        <Radix.Content
          {...returnFocus}
          aria-describedby={undefined}
          onClick={(event) =>
            event.target instanceof Element && event.target.closest('a') && sidebar.closeDrawer()
          }
          className="fixed inset-y-0 left-0 z-40 w-[min(19rem,85vw)] animate-slide-in-left border-r shadow-popover outline-none"
        >
          <Radix.Title className="sr-only">Sessions</Radix.Title>
          <Sidebar />
        </Radix.Content>
      </Radix.Portal>
    </Radix.Root>
  );
}
