/** The scripted model as a process: `SCENARIOS=file.json PORT=9555 node main.js`, then CODEX_BASE_URL=http://127.0.0.1:9555/v1 */
import { readFile } from 'node:fs/promises';
import { ConfigError, readConfig } from '@saas-codex/service-kit/config';
import { runMain } from '@saas-codex/service-kit/service';
import { z } from 'zod';
import { Scenarios } from './scenario.js';
import { startScriptedModel } from './scripted-model.js';

const Config = z.object({
  PORT: z.coerce.number().int().min(0).max(65_535).default(0),
  /** A JSON file with a list of scenarios. */
  SCENARIOS: z.string(),
  PACE: z.coerce.number().min(0).default(1),
});

await runMain(async () => {
  const { PORT, SCENARIOS, PACE } = readConfig(Config);
  const scenarios = Scenarios.safeParse(JSON.parse(await readFile(SCENARIOS, 'utf8')));
  if (!scenarios.success) throw new ConfigError(`${SCENARIOS}:\n${z.prettifyError(scenarios.error)}`);
  const { baseUrl, close } = await startScriptedModel({ scenarios: scenarios.data, pace: PACE, port: PORT });
  for (const signal of ['SIGINT', 'SIGTERM']) process.once(signal, () => void close());
  process.stdout.write(`${baseUrl}\n`);
});
