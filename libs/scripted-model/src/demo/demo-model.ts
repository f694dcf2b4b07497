import { randomBytes } from 'node:crypto';
import { listenOnLoopback } from '../listen.js';
import { modelServer } from '../model-server.js';
import { demoScript } from './demo-script.js';

/** Starts the demo model on loopback; only who has its key may call it. */
export async function startDemoModel({ pace = 1 }: { pace?: number | undefined }) {
  const apiKey = randomBytes(32).toString('base64url');
  const { origin, close } = await listenOnLoopback(modelServer({ script: demoScript, pace, apiKey }));
  return { baseUrl: `${origin}/v1`, apiKey, close };
}
