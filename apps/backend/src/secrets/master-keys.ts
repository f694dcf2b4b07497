import { mkdir, readFile, stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import { randomBytes } from 'node:crypto';
import { SETTINGS } from '@saas-codex/contracts/settings';
import { ConfigError } from '@saas-codex/service-kit/config';
import writeFileAtomic from 'write-file-atomic';
import type { Config } from '../config.js';
import { type MasterKey, toMasterKey } from './envelope.js';

export type MasterKeySettings = Pick<Config, 'SECRETS_KEY' | 'SECRETS_KEY_FILE'>;
/** The current one first. It encrypts; the others only decrypt what was encrypted before. */
export type MasterKeyList = [current: MasterKey, ...old: MasterKey[]];

/**
 * The master keys of this installation: those of SECRETS_KEY, else the lines of SECRETS_KEY_FILE. The file is read again when it
 * has changed, so a rotation needs no restart.
 */
export class MasterKeys {
  private read: { version: string; keys: MasterKeyList } | null = null;

  constructor(private readonly settings: MasterKeySettings) {}

  /** @returns null when there is no key yet @throws ConfigError when the file has no usable key */
  async find(): Promise<MasterKeyList | null> {
    const { SECRETS_KEY, SECRETS_KEY_FILE } = this.settings;
    if (SECRETS_KEY) return toList(SECRETS_KEY);
    const version = await versionOf(SECRETS_KEY_FILE);
    // A file that is lost while the backend runs: what it held is still good, and the next start says that it is gone.
    if (version === null) return this.read?.keys ?? null;
    if (this.read?.version === version) return this.read.keys;
    const keys = toList(await readKeys(SECRETS_KEY_FILE));
    this.read = { version, keys };
    return keys;
  }

  /** @throws ConfigError */
  async get(): Promise<MasterKeyList> {
    const keys = await this.find();
    if (!keys) throw new ConfigError('SECRETS_KEY is not set, and SECRETS_KEY_FILE does not exist.');
    return keys;
  }

  /**
   * Puts a new key before those of the file, which it makes if there is none.
   * @throws ConfigError when SECRETS_KEY is set, or the file cannot be written
   */
  async addKey(): Promise<MasterKeyList> {
    const { SECRETS_KEY, SECRETS_KEY_FILE: file } = this.settings;
    if (SECRETS_KEY) throw new ConfigError('SECRETS_KEY is set, so its keys are not in SECRETS_KEY_FILE.');
    const old = (await versionOf(file)) === null ? [] : await readKeys(file);
    try {
      await mkdir(dirname(file), { recursive: true, mode: 0o700 });
      const lines = [randomBytes(32).toString('hex'), ...old].map((key) => `${key}\n`);
      await writeFileAtomic(file, lines.join(''), { mode: 0o600 });
    } catch (error) {
      throw new ConfigError('SECRETS_KEY_FILE: the file cannot be written.', { cause: error });
    }
    return this.get();
  }
}

const toList = (texts: string[]): MasterKeyList => texts.map(toMasterKey) as MasterKeyList;

/** Tells a file from the one that was there before; null: there is none. */
async function versionOf(file: string): Promise<string | null> {
  try {
    const { ino, mtimeMs, size } = await stat(file);
    return [ino, mtimeMs, size].join();
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null;
    throw new ConfigError('SECRETS_KEY_FILE: the file cannot be read.', { cause: error });
  }
}

async function readKeys(file: string): Promise<string[]> {
  const text = await readFile(file, 'utf8').catch((error: unknown) => {
    throw new ConfigError('SECRETS_KEY_FILE: the file cannot be read.', { cause: error });
  });
  const { schema, allowed } = SETTINGS.SECRETS_KEY;
  const keys = schema.safeParse(text);
  if (keys.success && keys.data) return keys.data;
  throw new ConfigError(
    `SECRETS_KEY_FILE: the file must hold ${allowed.replace('separated by commas', 'one a line')}.`,
  );
}
