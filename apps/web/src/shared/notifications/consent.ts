import { z } from 'zod';
import { createStore, useStore } from '../lib/store.js';
import { stored } from '../lib/stored.js';

/*
 * Whether this browser shows notifications. Two must agree: the person, who turned them on here, and the browser, which asked.
 * It is asked only when the person presses the button, never when a page loads.
 */

/** waits: a session waits for the person. done: a prompt of theirs has ended well. failed: it has not. */
export const NOTIFICATION_KINDS = ['waits', 'done', 'failed'] as const;
export type NotificationKind = (typeof NOTIFICATION_KINDS)[number];

const Choice = z.object({
  on: z.boolean().catch(false),
  without: z.array(z.enum(NOTIFICATION_KINDS)).catch([]),
  /** The person was offered them once. */
  offered: z.boolean().catch(false),
});
export type NotificationChoice = z.infer<typeof Choice>;

const KEY = 'notifications';

function read(): NotificationChoice {
  try {
    return Choice.parse(JSON.parse(stored.read(KEY) ?? '{}'));
  } catch {
    return Choice.parse({});
  }
}

const choice = createStore(read());

function change(part: Partial<NotificationChoice>): void {
  // Another tab may have changed it.
  const next = { ...read(), ...part };
  stored.write(KEY, JSON.stringify(next));
  choice.write(next);
}

export const useNotificationChoice = (): NotificationChoice => useStore(choice);

/** What the browser says. `unsupported`: it has none, or not on a page without HTTPS. */
export const browserPermission = (): NotificationPermission | 'unsupported' =>
  typeof Notification === 'undefined' ? 'unsupported' : Notification.permission;

export function wantsNotification(kind: NotificationKind): boolean {
  const { on, without } = read();
  return on && !without.includes(kind) && browserPermission() === 'granted';
}

/** Turns them on, which lets the browser ask. Only for the handler of a press. */
export async function turnOnNotifications(): Promise<void> {
  const permission = await Notification.requestPermission();
  change({ on: permission === 'granted', offered: true });
  endNotificationOffer();
}

export const turnOffNotifications = (): void => change({ on: false });

export function chooseNotificationKind(kind: NotificationKind, wanted: boolean): void {
  const without = read().without.filter((other) => other !== kind);
  change({ without: wanted ? without : [...without, kind] });
}

const offer = createStore(false);

/** Whether the page offers them now. */
export const useNotificationOffer = (): boolean => useStore(offer);

/** Offers them once, when the person has sent a first prompt from this browser and is about to wait. */
export function offerNotifications(): void {
  if (read().offered || browserPermission() !== 'default') return;
  change({ offered: true });
  offer.write(true);
}

export const endNotificationOffer = (): void => offer.write(false);
