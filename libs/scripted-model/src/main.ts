/* The scripted model as a process: `SCENARIOS=file.json PORT=9555 node main.js`, then CODEX_BASE_URL=http://127.0.0.1:9555/v1 */
import { readFile } from 'node:fs/promises';
import { integer, number, text, withDefault } from '@saas-codex/contracts/setting-types';
import { ConfigError, readConfig } from '@saas-codex/service-kit/config';
import { runMain } from '@saas-codex/service-kit/service';
import { z } from 'zod';
import { Scenarios } from './scenario.js';
import { startScriptedModel } from './scripted-model.js';

const Config = z.object({
  PORT: withDefault(integer(0, 65_535), 0).schema,
  /** A JSON file with a list of scenarios. */
  SCENARIOS: text().schema,
  PACE: withDefault(number(0, 1_000), 1).schema,
});

await runMain(async () => {
  const { PORT, SCENARIOS, PACE } = readConfig(Config);
  const scenarios = Scenarios.safeParse(JSON.parse(await readFile(SCENARIOS, 'utf8')));
  if (!scenarios.success) throw new ConfigError(`${SCENARIOS}:\n${z.prettifyError(scenarios.error)}`);
  const { baseUrl, close } = await startScriptedModel({ scenarios: scenarios.data, pace: PACE, port: PORT });
  for (const signal of ['SIGINT', 'SIGTERM']) process.once(signal, () => void close());
  process.stdout.write(`${baseUrl}\n`);
});
