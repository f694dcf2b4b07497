import { isIP } from 'node:net';
import { isPublicAddress } from '@saas-codex/service-kit/network/public-address';
import { APP_EVENTS, APP_PERMISSIONS } from './github-permissions.js';

/** GitHub's limit. */
const MAX_NAME = 34;

interface Wanted {
  /** PUBLIC_URL. */
  publicUrl: string;
  /** Names are unique at GitHub. The person can change it there. */
  name: string;
  /** The path to which GitHub sends the person back. */
  returnPath: string;
  /** The path that takes the reports. */
  webhookPath: string;
}

/** What GitHub makes an App from: https://docs.github.com/en/apps/sharing-github-apps/registering-a-github-app-from-a-manifest */
export function githubManifest({ publicUrl, name, returnPath, webhookPath }: Wanted): object {
  return {
    name: name.slice(0, MAX_NAME),
    url: publicUrl,
    redirect_url: publicUrl + returnPath,
    // After it was installed.
    setup_url: publicUrl + returnPath,
    public: false,
    default_permissions: APP_PERMISSIONS,
    // GitHub refuses an address that it cannot reach, also for a webhook that is switched off.
    ...(isReachable(publicUrl) && {
      hook_attributes: { url: publicUrl + webhookPath, active: true },
      default_events: APP_EVENTS,
    }),
  };
}

/** Whether others can call it over https. A name that only a private network knows is taken for a public one. */
function isReachable(publicUrl: string): boolean {
  const { protocol, hostname } = new URL(publicUrl);
  if (protocol !== 'https:') return false;
  const address = hostname.replace(/^\[|\]$/g, '');
  return isIP(address) === 0
    ? hostname.includes('.') && !/\.(localhost|local|internal)$/.test(hostname)
    : isPublicAddress(address);
}
