import { Bell, X } from 'lucide-react';
import { endNotificationOffer, turnOnNotifications } from '../../shared/notifications/consent.js';
import { Button } from '../../shared/ui/button.js';
import { IconButton } from '../../shared/ui/icon-button.js';

/** Above the composer, once, after the first prompt from this browser. */
export const NotificationOffer = () => (
  <section aria-label="Notifications" className="mx-auto w-full max-w-3xl px-4 pb-3 max-sm:px-3">
    <div className="flex min-h-10 items-center gap-2.5 rounded-xl border bg-card py-1 pr-1.5 pl-3.5 text-sm shadow-xs">
      <Bell aria-hidden className="size-4 shrink-0 text-muted-foreground" strokeWidth={1.75} />
      <p className="min-w-0 flex-1">Know when it is done or needs you, also while you are elsewhere</p>
      <Button size="sm" onClick={() => void turnOnNotifications()}>
        Notify me
      </Button>
      <IconButton label="No, thanks" size="sm" side="top" onClick={endNotificationOffer}>
        <X />
      </IconButton>
    </div>
  </section>
);
