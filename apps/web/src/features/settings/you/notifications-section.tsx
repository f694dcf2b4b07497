import {
  browserPermission,
  chooseNotificationKind,
  NOTIFICATION_KINDS,
  type NotificationKind,
  turnOffNotifications,
  turnOnNotifications,
  useNotificationChoice,
} from '../../../shared/notifications/consent.js';
import { Button } from '../../../shared/ui/button.js';
import { Row, Section } from '../section.js';

const KIND_TEXTS: Record<NotificationKind, string> = {
  waits: 'A session waits for you',
  done: 'A prompt is done',
  failed: 'A prompt or a session has failed',
};

/** Notifications of this browser: whether, and of what. */
export function NotificationsSection() {
  const { on, without } = useNotificationChoice();
  const permission = browserPermission();
  const active = on && permission === 'granted';
  return (
    <Section title="Notifications">
      <Row name="In this browser" note={NOTES[permission]}>
        {permission === 'unsupported' || permission === 'denied' ? (
          'Not available'
        ) : active ? (
          <Button size="sm" onClick={turnOffNotifications}>
            Turn off
          </Button>
        ) : (
          <Button size="sm" onClick={() => void turnOnNotifications()}>
            Turn on
          </Button>
        )}
      </Row>
      {active && (
        <fieldset className="flex flex-col gap-1 py-3">
          <legend className="sr-only">Notify me when</legend>
          {NOTIFICATION_KINDS.map((kind) => (
            <label key={kind} className="flex items-center gap-2.5 text-sm pointer-coarse:min-h-11">
              <input
                type="checkbox"
                checked={!without.includes(kind)}
                onChange={(event) => chooseNotificationKind(kind, event.target.checked)}
                className="size-4 shrink-0 accent-accent"
              />
              {KIND_TEXTS[kind]}
            </label>
          ))}
        </fieldset>
      )}
    </Section>
  );
}

const NOTES: Record<ReturnType<typeof browserPermission>, string> = {
  default:
    'While a page of this site is open, the browser tells you what happens in sessions that you do not see.',
  granted:
    'While a page of this site is open, the browser tells you what happens in sessions that you do not see.',
  denied:
    'The browser blocks notifications of this site. Allow them in its settings for this site, and reload the page.',
  unsupported: 'This browser shows no notifications, or only on pages with HTTPS.',
};
