import { useQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { Archive, ArrowLeft, Settings } from 'lucide-react';
import { meQuery } from '../../shared/api/get-me.js';
import { systemQuery } from '../../shared/api/get-system.js';
import { Badge } from '../../shared/ui/badge.js';
import { IconButton } from '../../shared/ui/icon-button.js';
import { Tooltip } from '../../shared/ui/tooltip.js';

interface SidebarFooterProps {
  archived: boolean;
  onArchivedChange: (archived: boolean) => void;
}

export function SidebarFooter({ archived, onArchivedChange }: SidebarFooterProps) {
  const { data: me } = useQuery(meQuery);
  const { data: system } = useQuery(systemQuery);
  return (
    <div className="flex h-12 shrink-0 items-center gap-1 border-t px-2">
      <Link
        to="/settings"
        className="flex h-8 min-w-0 flex-1 items-center pointer-coarse:h-11 gap-2 rounded-lg px-1.5 text-sm hover:bg-hover"
        activeProps={{ className: 'bg-selected' }}
      >
        <Settings aria-hidden className="size-4 shrink-0 text-muted-foreground" strokeWidth={1.75} />
        <span className="truncate">{me?.user.name ?? 'Settings'}</span>
        {me && <span className="sr-only">Settings</span>}
      </Link>
      {system?.model_source === 'demo' && (
        <Tooltip label="Answers are scripted, not an AI. Set CODEX_API_KEY to use a real model." side="top">
          <Link
            to="/settings/$page"
            params={{ page: 'system' }}
            className="flex items-center rounded-full pointer-coarse:h-11"
          >
            <Badge tone="warning">Demo</Badge>
          </Link>
        </Tooltip>
      )}
      <IconButton
        label={archived ? 'Back to sessions' : 'Archive'}
        side="top"
        aria-pressed={archived}
        onClick={() => onArchivedChange(!archived)}
      >
        {archived ? <ArrowLeft strokeWidth={1.75} /> : <Archive strokeWidth={1.75} />}
      </IconButton>
    </div>
  );
}
