import { LiveHub } from './live-hub.js';
import type { TabMessage } from './live-messages.js';

/** The hub of all tabs of this browser that listen at this address, which is the worker's name. */
const hub = new LiveHub(self.name);

addEventListener('connect', (event) => {
  const [port] = (event as MessageEvent).ports;
  if (!port) return;
  const tab = port.postMessage.bind(port);
  port.addEventListener('message', ({ data }: MessageEvent<TabMessage>) => hub.receive(tab, data));
  port.start();
});
