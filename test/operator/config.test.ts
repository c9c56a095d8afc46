// The environment: defaults, files, and every fault at once without a secret in it.
import type { TestContext } from 'node:test';
import { test } from 'node:test';
import assert from 'node:assert/strict';
import { generateKeyPairSync } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { homedir, tmpdir } from 'node:os';
import { join } from 'node:path';
import { readConfig, variables } from '../../src/operator/config.ts';
import { AppError } from '../../src/base/errors.ts';

type Environment = Record<string, string | undefined>;

const pem = generateKeyPairSync('rsa', {
  modulusLength: 2048,
  publicKeyEncoding: { type: 'spki', format: 'pem' },
  privateKeyEncoding: { type: 'pkcs1', format: 'pem' },
}).privateKey.trim();
const githubApp = { COX_GITHUB_APP_ID: '17', COX_GITHUB_PRIVATE_KEY: pem, COX_GITHUB_WEBHOOK_SECRET: 'hush' };
const slackApp = { COX_SLACK_BOT_TOKEN: 'xoxb-1', COX_SLACK_APP_TOKEN: 'xapp-1' };

function faults(env: Environment): string[] {
  try {
    readConfig(env);
    return [];
  } catch (error) {
    assert.ok(error instanceof AppError && error.code === 'E_CONFIG');
    return error.message.split('\n- ').slice(1);
  }
}

function folder(t: TestContext): string {
  const dir = mkdtempSync(join(tmpdir(), 'coxswain-config-'));
  t.after(() => rmSync(dir, { recursive: true, force: true }));
  return dir;
}

test('an empty environment gives the defaults; nothing that needs a credential is on', () => {
  assert.deepEqual(readConfig({}), {
    namespace: 'argocd',
    kubeconfig: '',
    engine: 'coxswain',
    dataDir: join(homedir(), '.cache', 'coxswain'),
    toolsDir: '',
    listen: {
      public: { host: '0.0.0.0', port: 8080 },
      page: { host: '0.0.0.0', port: 8081 },
      metrics: { host: '0.0.0.0', port: 9090 },
    },
    publicUrl: 'http://localhost:8081',
    logLevel: 'info',
    github: undefined,
    githubApiUrl: 'https://api.github.com',
    webhookProxyUrl: undefined,
    slack: undefined,
    argocd: undefined,
    webhookSecret: undefined,
  });
});

test('no secret has a default: the documented defaults of credentials are none', () => {
  for (const [name, text] of Object.entries(variables)) {
    if (/SECRET|TOKEN|KEY/.test(name)) assert.doesNotMatch(text, /Default/, name);
  }
});

const read: { env: Environment; what: string; expected: Record<string, unknown> }[] = [
  { what: 'surrounding blanks do not count', env: { COX_NAMESPACE: ' gitops \n' }, expected: { namespace: 'gitops' } },
  {
    what: 'an empty value is the default',
    env: { COX_NAMESPACE: '', COX_LISTEN_PAGE: '' },
    expected: { namespace: 'argocd', publicUrl: 'http://localhost:8081' },
  },
  { what: 'a kubeconfig', env: { KUBECONFIG: '/a:/b' }, expected: { kubeconfig: '/a:/b' } },
  { what: 'the other engine', env: { COX_ENGINE: 'argocd' }, expected: { engine: 'argocd' } },
  {
    what: 'folders',
    env: { COX_DATA_DIR: '/data', COX_TOOLS_DIR: '/tools' },
    expected: { dataDir: '/data', toolsDir: '/tools' },
  },
  { what: 'a cache folder', env: { XDG_CACHE_HOME: '/cache' }, expected: { dataDir: '/cache/coxswain' } },
  {
    what: 'ports on every address, on IPv6, and any free one',
    env: { COX_LISTEN_PUBLIC: ':9000', COX_LISTEN_PAGE: '[::1]:9001', COX_LISTEN_METRICS: '127.0.0.1:0' },
    expected: {
      listen: {
        public: { host: '0.0.0.0', port: 9000 },
        page: { host: '::1', port: 9001 },
        metrics: { host: '127.0.0.1', port: 0 },
      },
      publicUrl: 'http://localhost:9001',
    },
  },
  {
    what: 'a public address without its last slash',
    env: { COX_PUBLIC_URL: 'https://cox.example/gitops/' },
    expected: { publicUrl: 'https://cox.example/gitops' },
  },
  { what: 'a log level', env: { COX_LOG_LEVEL: 'debug' }, expected: { logLevel: 'debug' } },
  {
    what: 'a GitHub App',
    env: githubApp,
    expected: {
      github: { appId: 17, privateKey: pem, webhookSecret: 'hush', apiUrl: 'https://api.github.com' },
      webhookSecret: 'hush',
    },
  },
  {
    what: 'a private key on one line',
    env: {
      ...githubApp,
      COX_GITHUB_PRIVATE_KEY: pem.replaceAll('\n', '\\n'),
      COX_GITHUB_API_URL: 'https://ghe.example/api/v3/',
    },
    expected: { github: { appId: 17, privateKey: pem, webhookSecret: 'hush', apiUrl: 'https://ghe.example/api/v3' } },
  },
  {
    what: 'a webhook secret without an App',
    env: { COX_GITHUB_WEBHOOK_SECRET: 'hush' },
    expected: { webhookSecret: 'hush', github: undefined },
  },
  {
    what: 'a Slack app',
    env: slackApp,
    expected: { slack: { botToken: 'xoxb-1', appToken: 'xapp-1', apiUrl: 'https://slack.com/api/' } },
  },
  {
    what: 'servers on this machine without encryption',
    env: { ...slackApp, COX_SLACK_API_URL: 'http://127.0.0.1:81/api', COX_GITHUB_API_URL: 'http://localhost:82' },
    expected: { slack: { botToken: 'xoxb-1', appToken: 'xapp-1', apiUrl: 'http://127.0.0.1:81/api/' } },
  },
];
for (const { what, env, expected } of read) {
  test(`reads ${what}`, () => {
    const config: Record<string, unknown> = { ...readConfig(env) };
    for (const [name, value] of Object.entries(expected)) assert.deepEqual(config[name], value, name);
  });
}

test('secrets may stand in files, which end with a new line', (t) => {
  const dir = folder(t);
  const file = (name: string, text: string): string => {
    writeFileSync(join(dir, name), `${text}\n`);
    return join(dir, name);
  };
  const config = readConfig({
    COX_GITHUB_APP_ID: '17',
    COX_GITHUB_PRIVATE_KEY_FILE: file('key', pem),
    COX_GITHUB_WEBHOOK_SECRET_FILE: file('secret', 'hush'),
    COX_SLACK_BOT_TOKEN_FILE: file('bot', 'xoxb-1'),
    COX_SLACK_APP_TOKEN_FILE: file('app', 'xapp-1'),
  });
  assert.deepEqual(config.github, {
    appId: 17,
    privateKey: pem,
    webhookSecret: 'hush',
    apiUrl: 'https://api.github.com',
  });
  assert.deepEqual(config.slack, { botToken: 'xoxb-1', appToken: 'xapp-1', apiUrl: 'https://slack.com/api/' });
});

const wrong: { env: Environment; expected: RegExp[] }[] = [
  { env: { COX_ENGINE: 'flux' }, expected: [/^COX_ENGINE is "flux", but must be one of coxswain, argocd$/] },
  { env: { COX_LOG_LEVEL: 'loud' }, expected: [/^COX_LOG_LEVEL is "loud"/] },
  { env: { COX_LISTEN_PUBLIC: '8080' }, expected: [/^COX_LISTEN_PUBLIC is "8080", but must be host:port/] },
  { env: { COX_LISTEN_PAGE: 'host:70000' }, expected: [/^COX_LISTEN_PAGE is "host:70000"/] },
  { env: { COX_LISTEN_METRICS: '::1:80' }, expected: [/^COX_LISTEN_METRICS is "::1:80"/] },
  {
    env: { COX_LISTEN_METRICS: '127.0.0.1:8080' },
    expected: [/^COX_LISTEN_PUBLIC, COX_LISTEN_PAGE and COX_LISTEN_METRICS must name different ports/],
  },
  { env: { COX_PUBLIC_URL: 'cox.example' }, expected: [/^COX_PUBLIC_URL is "cox\.example", but must be a URL/] },
  { env: { COX_PUBLIC_URL: 'javascript:alert(1)' }, expected: [/^COX_PUBLIC_URL/] },
  {
    env: { COX_GITHUB_APP_ID: 'Iv1.abc' },
    expected: [
      /^COX_GITHUB_APP_ID is "Iv1\.abc", but must be a number/,
      /^COX_GITHUB_PRIVATE_KEY is missing/,
      /^COX_GITHUB_WEBHOOK_SECRET is missing, but is needed because COX_GITHUB_APP_ID is set/,
    ],
  },
  {
    env: { COX_GITHUB_PRIVATE_KEY: pem },
    expected: [/^COX_GITHUB_PRIVATE_KEY is set, but has no effect without COX_GITHUB_APP_ID/],
  },
  {
    env: { ...githubApp, COX_GITHUB_PRIVATE_KEY: 's3cret' },
    expected: [/^COX_GITHUB_PRIVATE_KEY is not a whole private key in PEM/],
  },
  {
    env: { ...githubApp, COX_GITHUB_API_URL: 'http://ghe.example' },
    expected: [/^COX_GITHUB_API_URL is "http:\/\/ghe\.example\/", but credentials are sent there/],
  },
  {
    env: { COX_SLACK_APP_TOKEN: 'xapp-1' },
    expected: [/^COX_SLACK_APP_TOKEN is set, but has no effect without COX_SLACK_BOT_TOKEN/],
  },
  {
    env: { COX_SLACK_BOT_TOKEN: 'xoxb-1' },
    expected: [/^COX_SLACK_APP_TOKEN is missing, but is needed because COX_SLACK_BOT_TOKEN is set/],
  },
  {
    env: { COX_SLACK_BOT_TOKEN: 'xapp-s3cret', COX_SLACK_APP_TOKEN: 'xoxb-s3cret' },
    expected: [/^COX_SLACK_BOT_TOKEN does not begin with xoxb-$/, /^COX_SLACK_APP_TOKEN does not begin with xapp-$/],
  },
  {
    env: { ...githubApp, COX_GITHUB_WEBHOOK_SECRET_FILE: '/x' },
    expected: [/^COX_GITHUB_WEBHOOK_SECRET and COX_GITHUB_WEBHOOK_SECRET_FILE are both set; keep one$/],
  },
  {
    env: { COX_SLACK_BOT_TOKEN_FILE: '/nothing/here' },
    expected: [/^COX_SLACK_BOT_TOKEN_FILE names \/nothing\/here, which cannot be read: ENOENT/],
  },
  {
    env: { COX_GITHUB_APP_ID: '17', COX_GITHUB_PRIVATE_KEY: pem, COX_GITHUB_WEBHOOK_SECRET_FILE: '/dev/null' },
    expected: [/^COX_GITHUB_WEBHOOK_SECRET_FILE names \/dev\/null, which is empty$/],
  },
];
for (const { env, expected } of wrong) {
  test(`${Object.keys(env).join(', ')}: ${expected.map((item) => item.source).join(' and ')}`, () => {
    const found = faults(env);
    assert.equal(found.length, expected.length, found.join('\n'));
    for (const [index, pattern] of expected.entries()) assert.match(found[index] ?? '', pattern);
    assert.doesNotMatch(found.join('\n'), /s3cret|hush|BEGIN RSA/, 'no secret is told');
  });
}

test('all faults are told at once, with where to read more', () => {
  const env = { COX_ENGINE: 'flux', COX_LISTEN_PAGE: 'nowhere', COX_GITHUB_APP_ID: 'x', COX_SLACK_BOT_TOKEN: 'x' };
  assert.equal(faults(env).length, 7);
  assert.throws(() => readConfig(env), {
    code: 'E_CONFIG',
    message: /^the configuration has 7 faults:\n- /,
    hint: 'See docs/reference/configuration.md.',
  });
});

test('Redis of Argo CD is told as Argo CD’s own processes are told of it, and all faults at once', () => {
  const env = { COX_ARGOCD_REDIS: '[::1]:6380', REDIS_PASSWORD: 'p', REDIS_USE_TLS: 'true', REDISDB: '2' };
  assert.deepEqual(readConfig({ ...env, ARGOCD_APP_STATE_CACHE_EXPIRATION: '1h30m' }).argocd, {
    ...{ host: '::1', port: 6380, username: undefined, password: 'p', database: 2, tls: { insecure: false } },
    ...{ compression: 'gzip', shardSize: 0, expiresSeconds: 5400 },
  });
  assert.equal(readConfig({ REDIS_PASSWORD: 'p', REDIS_COMPRESSION: 'zip' }).argocd, undefined);
  const told = faults({
    COX_ARGOCD_REDIS: 'redis://h:1',
    COX_ENGINE: 'argocd',
    REDISDB: '-1',
    REDIS_COMPRESSION: 'zip',
    REDIS_CLIENT_KEY: '/nowhere',
    ARGOCD_APP_STATE_CACHE_EXPIRATION: 'soon',
  });
  assert.deepEqual(
    told.map((fault) => fault.split(' ')[0]),
    [
      'COX_ARGOCD_REDIS',
      'COX_ARGOCD_REDIS',
      'REDISDB',
      'REDIS_CLIENT_KEY',
      'REDIS_COMPRESSION',
      'ARGOCD_APP_STATE_CACHE_EXPIRATION',
    ],
  );
});
