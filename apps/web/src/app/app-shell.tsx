import { Outlet } from '@tanstack/react-router';
import { useActivity } from '../features/activity/use-activity.js';

export function AppShell() {
  useActivity();
  return (
    <div className="flex h-full">
      <div className="min-w-0 flex-1">
        <Outlet />
      </div>
    </div>
  );
}
