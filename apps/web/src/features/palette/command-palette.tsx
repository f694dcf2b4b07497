import { useInfiniteQuery } from '@tanstack/react-query';
import { useNavigate } from '@tanstack/react-router';
import { Command } from 'cmdk';
import { Keyboard, Monitor, Moon, Settings, SquarePen, Sun } from 'lucide-react';
import { Dialog as Radix } from 'radix-ui';
import { sessionsQuery } from '../../entities/session/api/list-sessions.js';
import { SessionStateIcon } from '../../entities/session/session-state-icon.js';
import { useSessionPlace } from '../../entities/session/use-session-privacy.js';
import { sessionState } from '../../entities/session/session-state.js';
import { usePermission } from '../../shared/api/use-permission.js';
import { useReturnFocus } from '../../shared/lib/focus.js';
import { setTheme } from '../../shared/ui/theme.js';
import { OpenSessionEntries } from './open-session-entries.js';
import { Entry, Group, ICON } from './palette-entry.js';

interface PaletteProps {
  onClose: () => void;
  /** Shows the keyboard shortcuts. */
  onShortcuts: () => void;
}

/** ⌘K: finds sessions and commands by a few letters. */
export function CommandPalette({ onClose, onShortcuts }: PaletteProps) {
  const returnFocus = useReturnFocus();
  return (
    <Radix.Root open onOpenChange={onClose}>
      <Radix.Portal>
        <Radix.Overlay className="fixed inset-0 z-40 animate-fade-in bg-overlay" />
        <Radix.Content
          {...returnFocus}
          aria-describedby={undefined}
          className="fixed top-[14vh] left-1/2 z-50 w-[calc(100vw-2rem)] max-w-xl -translate-x-1/2 animate-pop-in overflow-hidden rounded-xl border bg-popover shadow-popover outline-none"
        >
          <Radix.Title className="sr-only">Search and commands</Radix.Title>
          <PaletteList onClose={onClose} onShortcuts={onShortcuts} />
        </Radix.Content>
      </Radix.Portal>
    </Radix.Root>
  );
}

function PaletteList({ onClose, onShortcuts }: PaletteProps) {
  const navigate = useNavigate();
  const mayStart = usePermission('sessions:write');
  const run = (action: () => unknown) => () => {
    onClose();
    void action();
  };
  return (
    <Command label="Search and commands" loop>
      <Command.Input
        autoFocus
        placeholder="Search sessions or run a command…"
        className="h-12 w-full border-b bg-transparent px-4 text-md outline-none"
      />
      <Command.List className="max-h-[min(24rem,60vh)] scroll-py-2 overflow-y-auto p-1.5">
        <Command.Empty className="py-10 text-center text-sm text-muted-foreground">
          Nothing matches.
        </Command.Empty>
        <OpenSessionEntries run={run} />
        <Group heading="Go to">
          <Entry icon={<SquarePen {...ICON} />} onSelect={run(() => navigate({ to: '/' }))}>
            {mayStart ? 'New session' : 'Home'}
          </Entry>
          <Entry icon={<Settings {...ICON} />} onSelect={run(() => navigate({ to: '/settings' }))}>
            Settings
          </Entry>
          <Entry icon={<Keyboard {...ICON} />} onSelect={run(onShortcuts)}>
            Keyboard shortcuts
          </Entry>
        </Group>
        <SessionEntries run={run} />
        <Group heading="Theme">
          <Entry icon={<Sun {...ICON} />} onSelect={run(() => setTheme('light'))}>
            Light theme
          </Entry>
          <Entry icon={<Moon {...ICON} />} onSelect={run(() => setTheme('dark'))}>
            Dark theme
          </Entry>
          <Entry icon={<Monitor {...ICON} />} onSelect={run(() => setTheme('system'))}>
            System theme
          </Entry>
        </Group>
      </Command.List>
    </Command>
  );
}

function SessionEntries({ run }: { run: (action: () => unknown) => () => void }) {
  const navigate = useNavigate();
  const { data } = useInfiniteQuery(sessionsQuery());
  const placeOf = useSessionPlace();
  const sessions = data?.pages.flatMap((page) => page.items) ?? [];
  if (sessions.length === 0) return null;
  return (
    <Group heading="Sessions">
      {sessions.map((session) => {
        const repo = placeOf(session);
        return (
          <Entry
            key={session.session_id}
            value={session.session_id}
            keywords={[session.title, repo]}
            icon={<SessionStateIcon state={sessionState(session)} />}
            onSelect={run(() =>
              navigate({ to: '/sessions/$sessionId', params: { sessionId: session.session_id } }),
            )}
          >
            <span className="min-w-0 flex-1 truncate">{session.title}</span>
            <span className="max-w-48 truncate text-xs text-subtle-foreground">{repo}</span>
          </Entry>
        );
      })}
    </Group>
  );
}
