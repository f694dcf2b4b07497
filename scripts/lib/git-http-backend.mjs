import { spawn } from 'node:child_process';

/**
 * Answers one request with `git http-backend`, as a CGI program: a real git server, for specs and benchmarks.
 * @param {string} root the folder of the bare repositories
 * @param {import('node:http').IncomingMessage} req
 * @param {import('node:http').ServerResponse} res
 * @param {NodeJS.ProcessEnv} environment git's
 */
export function answerWithGit(root, req, res, environment) {
  const url = new URL(req.url ?? '/', 'http://git');
  const cgi = spawn('git', ['http-backend'], {
    env: {
      ...environment,
      GIT_PROJECT_ROOT: root,
      GIT_HTTP_EXPORT_ALL: '1',
      GIT_PROTOCOL: String(req.headers['git-protocol'] ?? ''),
      REQUEST_METHOD: req.method,
      PATH_INFO: url.pathname,
      QUERY_STRING: url.search.slice(1),
      CONTENT_TYPE: req.headers['content-type'] ?? '',
      HTTP_CONTENT_ENCODING: req.headers['content-encoding'] ?? '',
      REMOTE_ADDR: '127.0.0.1',
    },
  });
  req.pipe(cgi.stdin);
  cgi.stdin.on('error', () => undefined);
  let head = Buffer.alloc(0);
  const onHead = (/** @type {Buffer} */ chunk) => {
    head = Buffer.concat([head, chunk]);
    const end = head.indexOf('\r\n\r\n');
    if (end < 0) return;
    cgi.stdout.off('data', onHead);
    let status = 200;
    for (const line of head.subarray(0, end).toString().split('\r\n')) {
      const [name = '', ...value] = line.split(': ');
      if (name.toLowerCase() === 'status') status = Number.parseInt(value.join(': '), 10);
      else res.setHeader(name, value.join(': '));
    }
    res.writeHead(status);
    res.write(head.subarray(end + 4));
    cgi.stdout.pipe(res);
  };
  cgi.stdout.on('data', onHead);
  cgi.on('close', () => res.end());
}
