import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { findProgram } from '../../lib/system-packages.mjs';
import { freePort } from '../../lib/ports.mjs';
import { startServer } from './child.mjs';
import { startPublisher } from './publisher.mjs';

const MODULE = '/usr/lib/nginx/modules/ngx_nchan_module.so';

/** Whether nginx and its nchan module are installed (Debian: nginx-light and libnginx-mod-nchan). */
export const hasNchan = () => findProgram(['nginx', '/usr/sbin/nginx']) !== undefined && existsSync(MODULE);

/** nginx's nchan module with one worker, on loopback, without the machine's own configuration. @param {string} folder */
export async function startNchan(folder) {
  const port = await freePort();
  const own = join(folder, 'nchan');
  mkdirSync(own);
  const file = join(own, 'nginx.conf');
  writeFileSync(
    file,
    `load_module ${MODULE};
daemon off;
worker_processes 1;
pid ${own}/pid;
error_log ${own}/error.log;
worker_rlimit_nofile 20000;
events { worker_connections 18000; }
http {
  access_log off;
  client_body_temp_path ${own}/body; proxy_temp_path ${own}/proxy; fastcgi_temp_path ${own}/fastcgi;
  uwsgi_temp_path ${own}/uwsgi; scgi_temp_path ${own}/scgi;
  keepalive_requests 1000000000;
  nchan_shared_memory_size 512m;
  server {
    listen 127.0.0.1:${port} backlog=4096;
    location = /health { return 204; }
    location ~ /pub/(.+) { nchan_publisher; nchan_channel_id $1; nchan_message_buffer_length 20000; nchan_message_timeout 1h; }
    location ~ /sub/(.+) { nchan_subscriber eventsource; nchan_channel_id $1; nchan_subscriber_first_message oldest; }
  }
}
`,
  );
  const nginx = findProgram(['nginx', '/usr/sbin/nginx']) ?? 'nginx';
  const url = `http://127.0.0.1:${port}/health`;
  const server = await startServer('nginx', {
    command: [nginx, '-p', own, '-c', file],
    env: {},
    url,
    folder,
  });
  const publisher = await startPublisher(port);
  return {
    name: 'nchan',
    port,
    pids: [server.pid],
    nodePids: [],
    path: (/** @type {string} */ run) => `/sub/${run}`,
    headers: /** @type {string[]} */ ([]),
    publish: (/** @type {string} */ run, /** @type {string[]} */ events) =>
      publisher.publish(`/pub/${run}`, events),
    stop: async () => {
      await publisher.stop();
      await server.stop();
    },
  };
}
