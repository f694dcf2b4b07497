import { ProblemError } from '@saas-codex/service-kit/problem';
import { AddressChecker } from '../src/workspaces/addresses/address-checker.js';

/** DNS in these tests. A list of lists answers each question with the next list. */
const DNS: Record<string, string[] | string[][]> = {
  'github.com': ['140.82.121.3'],
  'git.example.org': ['93.184.216.34', '2606:2800:220:1:248:1893:25c8:1946'],
  'xn--bcher-kva.example': ['93.184.216.35'],
  'half.example.org': ['93.184.216.34', '10.0.0.7'],
  'six.example.org': ['fd12:3456::1'],
  'metadata.google.internal': ['169.254.169.254'],
  'rebinding.example.org': [['93.184.216.34'], ['127.0.0.1']],
  localhost: ['127.0.0.1', '::1'],
  redis: ['172.18.0.3'],
  gitea: ['172.18.0.4'],
  'team.internal': ['10.1.2.3'],
};

function checker(trusted: string[] = ['gitea', 'team.internal:8443', '127.0.0.1:3000', '[::1]']) {
  const questions: string[] = [];
  const resolve = (host: string): Promise<string[]> => {
    questions.push(host);
    const entry = DNS[host];
    if (!entry) return Promise.reject(new Error('ENOTFOUND'));
    const answer = Array.isArray(entry[0]) ? (entry as string[][]).shift() : (entry as string[]);
    return Promise.resolve(answer ?? []);
  };
  return { questions, checker: new AddressChecker({ GIT_TRUSTED_HOSTS: trusted }, { resolve }) };
}

async function verdict(text: string): Promise<string> {
  try {
    return (await checker().checker.checkAddress(text)).url;
  } catch (error) {
    if (error instanceof ProblemError) return error.code;
    throw error;
  }
}

const DOT = '\u3002';
const ZERO_WIDTH = '\u200b';

test.each([
  ['https://github.com/openai/codex', 'https://github.com/openai/codex'],
  ['https://github.com/openai/codex.git', 'https://github.com/openai/codex.git'],
  ['HTTPS://GitHub.COM/OpenAI/Codex/', 'https://github.com/OpenAI/Codex'],
  ['https://github.com:443/openai/codex', 'https://github.com/openai/codex'],
  ['https://git.example.org:8443/a/b/c.git', 'https://git.example.org:8443/a/b/c.git'],
  ['https://github.com./openai/codex', 'https://github.com/openai/codex'],
  ['https://xn--bcher-kva.example/a', 'https://xn--bcher-kva.example/a'],
  ['https://github.com/a/b%20c', 'https://github.com/a/b%20c'],
  ['https://github.com/~user/repo_1.2-3+4', 'https://github.com/~user/repo_1.2-3+4'],
  ['https://93.184.216.34/a', 'https://93.184.216.34/a'],
  ['https://0x5d.184.55330/a', 'https://93.184.216.34/a'],
  ['https://[2606:2800:220:1:248:1893:25C8:1946]/a', 'https://[2606:2800:220:1:248:1893:25c8:1946]/a'],
  ['ssh://git@github.com/openai/codex', 'ssh://git@github.com/openai/codex'],
  ['ssh://github.com/openai/codex', 'ssh://git@github.com/openai/codex'],
  ['ssh://deploy@git.example.org:2222/a.git', 'ssh://deploy@git.example.org:2222/a.git'],
  ['git@github.com:openai/codex.git', 'ssh://git@github.com/openai/codex.git'],
  ['git@github.com:/openai/codex.git', 'ssh://git@github.com/openai/codex.git'],
  ['http://gitea/a/b', 'http://gitea/a/b'],
  ['http://gitea:3000/a/b', 'http://gitea:3000/a/b'],
  ['https://team.internal:8443/a', 'https://team.internal:8443/a'],
  ['http://127.0.0.1:3000/a', 'http://127.0.0.1:3000/a'],
  ['http://[::1]:3000/a', 'http://[::1]:3000/a'],
])('accepts %s', async (text, url) => {
  expect(await verdict(text)).toBe(url);
  expect(await verdict(url)).toBe(url);
});

test('names the whole address that a short one stands for', async () => {
  for (const text of ['openai/codex', 'github.com/openai/codex'])
    await expect(checker().checker.checkAddress(text)).rejects.toThrow(
      /https:\/\/github\.com\/openai\/codex/,
    );
});

test.each([
  // other schemes and transports, and text that is no address
  ['repo_url_invalid', ''],
  ['repo_url_scheme', 'http://github.com/a/b'],
  ['repo_url_scheme', 'http://team.internal/a'],
  ['repo_url_scheme', 'git://github.com/a/b'],
  ['repo_url_scheme', 'ftp://github.com/a/b'],
  ['repo_url_scheme', 'file:///etc'],
  ['repo_url_scheme', 'FILE:///etc'],
  ['repo_url_scheme', 'javascript:alert(1)'],
  ['repo_url_scheme', 'git+ssh://git@github.com/a'],
  ['repo_url_scheme', 'https:github.com/a/b'],
  ['repo_url_scheme', 'https:/github.com/a/b'],
  ['repo_url_scheme', 'ext::sh-c-id'],
  ['repo_url_scheme', 'fd::17'],
  ['repo_url_scheme', 'git@ext::sh'],
  ['repo_url_scheme', 'https::https://github.com/a'],
  ['repo_url_scheme', '/srv/git/a.git'],
  ['repo_url_scheme', './a'],
  ['repo_url_scheme', '../a'],
  ['repo_url_scheme', '~/a'],
  ['repo_url_scheme', 'a.bundle'],
  ['repo_url_scheme', 'github.com:a/b'],
  ['repo_url_scheme', 'C:/git/a'],
  ['repo_url_scheme', '//github.com/a'],
  ['repo_url_scheme', '--upload-pack=id'],
  ['repo_url_scheme', '-oProxyCommand=id'],
  // characters
  ['repo_url_invalid', ' https://github.com/a'],
  ['repo_url_invalid', 'https://github.com/a b'],
  ['repo_url_invalid', 'https://github.com/a\n'],
  ['repo_url_invalid', 'https://github.com/a\u0000'],
  ['repo_url_invalid', 'https://github.com\\a'],
  ['repo_url_scheme', 'C:\\git\\a'],
  ['repo_url_invalid', 'https://github.com/a\\b'],
  ['repo_url_invalid', 'https://github.com\t/a'],
  ['repo_url_invalid', `https://git${ZERO_WIDTH}hub.com/a`],
  ['repo_url_invalid', `https://127${DOT}0${DOT}0${DOT}1/a`],
  ['repo_url_invalid', 'https://\uff11\uff12\uff17.0.0.1/a'],
  ['repo_url_invalid', 'https://b\u00fccher.example/a'],
  ['repo_url_invalid', 'https://github.com/a?x=1'],
  ['repo_url_invalid', 'https://github.com/a#x'],
  ['repo_url_invalid', 'https://github.com?/a'],
  ['repo_url_invalid', 'https://github.com/a%0aHost:x'],
  ['repo_url_invalid', 'https://github.com/a%00'],
  ['repo_url_invalid', 'https://github.com/%zz'],
  ['repo_url_invalid', 'https://github.com/a/../../b'],
  ['repo_url_invalid', 'https://github.com/a/%2e%2e/b'],
  ['repo_url_invalid', 'https://github.com/a//b'],
  ['repo_url_invalid', 'git@github.com:-a/b'],
  ['repo_url_invalid', 'git@github.com:a;id'],
  ['repo_url_invalid', 'git@github.com:$(id)'],
  // hosts and ports
  ['repo_url_invalid', 'https://github.com'],
  ['repo_url_invalid', 'https://github.com/'],
  ['repo_url_invalid', 'https:///a'],
  ['repo_url_invalid', 'https://github.com:0/a'],
  ['repo_url_invalid', 'https://github.com:99999/a'],
  ['repo_url_invalid', 'https://github.com:/a'],
  ['repo_url_invalid', 'https://github.com:80:90/a'],
  ['repo_url_invalid', 'https://%67ithub.com/a'],
  ['repo_url_invalid', 'https://-oProxyCommand=id/a'],
  ['repo_url_invalid', 'ssh://-oProxyCommand=id/a'],
  ['repo_url_invalid', 'ssh://-l@github.com/a'],
  ['repo_url_invalid', 'git@-oProxyCommand=id:a'],
  ['repo_url_invalid', '-l@github.com:a'],
  ['repo_url_invalid', 'https://[fe80::1%25eth0]/a'],
  ['repo_url_invalid', 'https://[::1/a'],
  ['repo_url_invalid', 'https://256.1.1.1/a'],
  ['repo_url_invalid', 'https://a..b/a'],
  ['repo_url_invalid', 'https://xn--zz/a'],
  ['repo_url_invalid', `https://github.com/${'a'.repeat(2_000)}`],
  // credentials
  ['repo_url_credentials', 'https://token@github.com/a'],
  ['repo_url_credentials', 'https://user:secret@github.com/a'],
  ['repo_url_credentials', 'https://@github.com/a'],
  ['repo_url_credentials', 'https://github.com@127.0.0.1/a'],
  ['repo_url_credentials', 'https://a@b@github.com/a'],
  ['repo_url_credentials', 'ssh://git:secret@github.com/a'],
  // where the address points to
  ['repo_host_unknown', 'https://nowhere.example.org/a'],
  ['repo_host_forbidden', 'https://localhost/a'],
  ['repo_host_forbidden', 'https://LOCALHOST./a'],
  ['repo_host_forbidden', 'https://127.0.0.1/a'],
  ['repo_host_forbidden', 'https://127.0.0.1./a'],
  ['repo_host_forbidden', 'https://127.0.0.1:3001/a'],
  ['repo_host_forbidden', 'https://127.1/a'],
  ['repo_host_forbidden', 'https://2130706433/a'],
  ['repo_host_forbidden', 'https://0x7f000001/a'],
  ['repo_host_forbidden', 'https://017700000001/a'],
  ['repo_host_forbidden', 'https://0/a'],
  ['repo_host_forbidden', 'https://0.0.0.0/a'],
  ['repo_host_forbidden', 'https://10.0.0.1/a'],
  ['repo_host_forbidden', 'https://192.168.1.1/a'],
  ['repo_host_forbidden', 'https://172.16.0.1/a'],
  ['repo_host_forbidden', 'https://100.64.0.1/a'],
  ['repo_host_forbidden', 'https://100.100.100.200/a'],
  ['repo_host_forbidden', 'https://169.254.169.254/a'],
  ['repo_host_forbidden', 'https://168.63.129.16/a'],
  ['repo_host_forbidden', 'https://198.18.0.1/a'],
  ['repo_host_forbidden', 'https://224.0.0.1/a'],
  ['repo_host_forbidden', 'https://255.255.255.255/a'],
  ['repo_host_forbidden', 'https://[::]/a'],
  ['repo_host_forbidden', 'https://[::7f00:1]/a'],
  ['repo_host_forbidden', 'https://[::ffff:127.0.0.1]/a'],
  ['repo_host_forbidden', 'https://[::ffff:8.8.8.8]/a'],
  ['repo_host_forbidden', 'https://[64:ff9b::7f00:1]/a'],
  ['repo_host_forbidden', 'https://[64:ff9b:1::a00:1]/a'],
  ['repo_host_forbidden', 'https://[2002:7f00:1::]/a'],
  ['repo_host_forbidden', 'https://[2001::1]/a'],
  ['repo_host_forbidden', 'https://[fe80::1]/a'],
  ['repo_host_forbidden', 'https://[fd00:ec2::254]/a'],
  ['repo_host_forbidden', 'https://[fec0::1]/a'],
  ['repo_host_forbidden', 'ssh://git@2130706433/a'],
  ['repo_host_forbidden', 'git@127.1:a'],
  ['repo_host_forbidden', 'git@[fd00::1]:a'],
  ['repo_host_forbidden', 'git@redis:a'],
  ['repo_host_forbidden', 'https://redis:6379/a'],
  ['repo_host_forbidden', 'https://half.example.org/a'],
  ['repo_host_forbidden', 'https://six.example.org/a'],
  ['repo_host_forbidden', 'https://metadata.google.internal/computeMetadata'],
  ['repo_host_forbidden', 'https://team.internal/a'],
  ['repo_host_forbidden', 'ssh://git@team.internal/a'],
])('rejects with %s the address %j', async (code, text) => {
  expect(await verdict(text)).toBe(code);
});

test('a connection goes to the addresses that were checked, even if the name resolves differently later', async () => {
  const { checker: addresses, questions } = checker();
  const first = await addresses.checkAddress('https://rebinding.example.org/a');
  expect(first.pinnedTo).toEqual(['93.184.216.34']);
  expect(questions).toEqual(['rebinding.example.org']);
  await expect(addresses.checkAddress('https://rebinding.example.org/a')).rejects.toMatchObject({
    code: 'repo_host_forbidden',
  });
});
