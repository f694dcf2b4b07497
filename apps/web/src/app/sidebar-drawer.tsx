import { Dialog as Radix } from 'radix-ui';
import { Sidebar } from '../features/sidebar/sidebar.js';
import { useReturnFocus } from '../shared/lib/focus.js';
import { sidebar } from '../shared/ui/sidebar-store.js';

/** The sidebar on a phone: slides in over the page and closes when a link in it is followed. */
export function SidebarDrawer({ onSearch }: { onSearch: () => void }) {
  const returnFocus = useReturnFocus();
  return (
    <Radix.Root open onOpenChange={sidebar.closeDrawer}>
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
          <Sidebar onSearch={onSearch} />
        </Radix.Content>
      </Radix.Portal>
    </Radix.Root>
  );
}
