import { signInLink } from '@saas-codex/contracts/identity';
import { readConfig } from '@saas-codex/service-kit/config';
import { runMain } from '@saas-codex/service-kit/service';
import pg from 'pg';
import { Config } from './config.js';
import { createAuth } from './identity/better-auth.js';
import { createSignInToken, OWNER_EMAIL } from './identity/sign-in-links.js';

/** `node dist/sign-in-link.js`: prints a link that signs the owner in once, within 30 minutes. */
await runMain(async () => {
  const { DATABASE_URL, AUTH_SECRET, PUBLIC_URL } = readConfig(
    Config.pick({ DATABASE_URL: true, AUTH_SECRET: true, PUBLIC_URL: true }),
  );
  const pool = new pg.Pool({ connectionString: DATABASE_URL, max: 1 });
  try {
    const auth = createAuth({ pool, secret: AUTH_SECRET, publicUrl: PUBLIC_URL });
    const token = await createSignInToken(auth, OWNER_EMAIL);
    process.stdout.write(`${signInLink(PUBLIC_URL, token)}\n`);
  } finally {
    await pool.end();
  }
});
