import { z } from 'zod';
import { type Launcher, type Service, type Setting, SETTINGS } from './settings.js';

/* Who gets which of the declared settings, and in which shape. */

type Settings = typeof SETTINGS;
type SettingName = keyof Settings;
const NAMED: readonly [string, Setting][] = Object.entries(SETTINGS);

type ServiceShape<S extends Service> = {
  [N in SettingName as S extends Settings[N]['readBy'][number] ? N : never]: Settings[N]['schema'];
};

/** The settings that a service reads, and no others. */
export function configOf<S extends Service>(service: S) {
  const read = NAMED.filter(([, { readBy }]) => readBy.includes(service));
  // Object.fromEntries forgets which name has which schema; ServiceShape says it again.
  return z.object(Object.fromEntries(read.map(([name, { schema }]) => [name, schema])) as ServiceShape<S>);
}

type OptionalWhereRequired<T extends Setting> = T extends { required: true }
  ? z.ZodOptional<T['schema']>
  : T['schema'];
type LauncherShape<L extends Launcher> = {
  [N in SettingName as L extends Settings[N]['takenBy'][number] ? N : never]: OptionalWhereRequired<
    Settings[N]
  >;
};

/** The settings that a launcher takes from `.env`. It finds a value for what services require. */
export function settingsOf<L extends Launcher>(launcher: L) {
  const taken = NAMED.filter(([, { takenBy }]) => takenBy.includes(launcher));
  const shape = taken.map(([name, { schema, required }]) => [name, required ? schema.optional() : schema]);
  return z.object(Object.fromEntries(shape) as LauncherShape<L>);
}

export const isReadBy = (service: Service, name: string): boolean =>
  NAMED.some(([known, { readBy }]) => known === name && readBy.includes(service));

/** Settings whose values never appear in a log or in what the doctor prints. */
export const SENSITIVE = NAMED.filter(([, { sensitive }]) => sensitive).map(([name]) => name);
