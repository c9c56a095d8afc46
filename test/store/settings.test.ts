// What the ConfigMaps and Secrets of the control plane mean, key by key.
import type { KubeObject } from '../../src/model/kube.ts';
import type { Settings } from '../../src/store/settings.ts';
import { test } from 'node:test';
import assert from 'node:assert/strict';
import { defaultComparison } from '../../src/model/comparison-settings.ts';
import { clusterOf, readSettings } from '../../src/store/settings.ts';
import { accessOf } from '../../src/store/repository-secrets.ts';

const configMap = (name: string, data: Record<string, string>): [string, KubeObject] => [
  name,
  { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name }, data },
];

function secret(name: string, type: string, data: Record<string, string>): KubeObject {
  const encoded = Object.fromEntries(
    Object.entries(data).map(([key, value]) => [key, Buffer.from(value).toString('base64')]),
  );
  return {
    apiVersion: 'v1',
    kind: 'Secret',
    metadata: { name, labels: { 'argocd.argoproj.io/secret-type': type } },
    data: encoded,
  };
}

function read(maps: Record<string, Record<string, string>> = {}, secrets: KubeObject[] = []): Settings {
  return readSettings({
    configMaps: new Map(Object.entries(maps).map(([name, data]) => configMap(name, data))),
    secrets,
  });
}

const rollout = defaultComparison.knownTypeFields;
const utc = (expression: string, jitterMs = 0) => ({ expression, timeZone: 'UTC', jitterMs });
const berlin = (expression: string) => ({ expression, timeZone: 'Europe/Berlin', jitterMs: 0 });
const schedules = {
  timeZone: 'UTC',
  resync: utc('*/2 * * * *', 60_000),
  sweep: utc('*/10 * * * *'),
  retention: utc('0 */1 * * *'),
};

test('without any ConfigMap or Secret every setting has its default and nothing is at fault', () => {
  assert.deepEqual(read(), {
    policyCsv: '',
    policyDefault: '',
    slackIdentities: new Map(),
    cliIdentities: new Map(),
    slackChannel: '',
    slackDeploys: false,
    failureSettleMs: 60_000,
    approvalExpiresMs: 259_200_000,
    driftSettleMs: 60_000,
    jqTimeoutMs: 1_000,
    matchMode: 'glob',
    healthScripts: [],
    comparison: defaultComparison,
    globalProjects: { projects: [] },
    schedules,
    clusters: [{ name: 'in-cluster', server: 'https://kubernetes.default.svc', config: {} }],
    repositories: [],
    egress: [],
    certificates: new Map(),
    knownHosts: '',
    kustomize: {},
    valuesFileSchemes: ['http', 'https'],
    faults: [],
  });
});

const keys: { map: string; data: Record<string, string>; expected: Partial<Settings> }[] = [
  {
    map: 'argocd-cm',
    data: {
      'resource.customizations':
        '"*.b.io/*": {health.lua: one}\na.b.io/K: {health.lua: two, health.lua.useOpenLibs: true}',
      'resource.customizations.health.a.b.io_L': 'three',
      'resource.customizations.useOpenLibs.a.b.io_L': 'true',
      'resource.customizations.health.ConfigMap': 'four',
      'resource.customizations.health.all': 'five',
      'resource.customizations.actions.a.b.io_L': 'definitions: []',
    },
    expected: {
      healthScripts: [
        ['ConfigMap', 'four', false, 'resource.customizations.health.ConfigMap'] as const,
        ['a.b.io/K', 'two', true, 'resource.customizations'] as const,
        ['a.b.io/L', 'three', true, 'resource.customizations.health.a.b.io_L'] as const,
        ['*.b.io/*', 'one', false, 'resource.customizations'] as const,
        ['*/*', 'five', false, 'resource.customizations.health.all'] as const,
      ].map(([kind, script, openLibs, key]) => ({ kind, script, openLibs, key })),
    },
  },
  {
    map: 'argocd-rbac-cm',
    data: { 'policy.csv': 'g, a, r', 'policy.z.csv': 'g, z, r', 'policy.b.csv': 'g, b, r', 'policy.matchMode': 'glob' },
    expected: { policyCsv: 'g, b, r\ng, a, r\ng, z, r' },
  },
  { map: 'argocd-rbac-cm', data: { 'policy.matchMode': 'regex' }, expected: { matchMode: 'regex' } },
  { map: 'argocd-rbac-cm', data: { 'policy.default': 'role:readonly' }, expected: { policyDefault: 'role:readonly' } },
  {
    map: 'coxswain-cm',
    data: { 'slack.identities': '# people\nU01ALICE: Alice\n\nW02BOB=bob\n' },
    expected: {
      slackIdentities: new Map([
        ['U01ALICE', 'alice'],
        ['W02BOB', 'bob'],
      ]),
    },
  },
  ...(
    [
      ['2500ms', 2_500],
      ['0', 1_000],
      ['60s', 60_000],
    ] as const
  ).map(([text, jqTimeoutMs]) => ({
    map: 'argocd-cmd-params-cm',
    data: { 'controller.ignore.normalizer.jq.timeout': text },
    expected: { jqTimeoutMs },
  })),
  { map: 'coxswain-cm', data: { 'approval.expires': '36h' }, expected: { approvalExpiresMs: 129_600_000 } },
  {
    map: 'coxswain-cm',
    data: { 'cli.identities': '# people\nAlice@Example.com: Alice\nsystem:serviceaccount:ci:deploy:bob\n' },
    expected: {
      cliIdentities: new Map([
        ['Alice@Example.com', 'alice'],
        ['system:serviceaccount:ci:deploy', 'bob'],
      ]),
    },
  },
  { map: 'coxswain-cm', data: { 'slack.channel': '#deploys' }, expected: { slackChannel: '#deploys' } },
  { map: 'coxswain-cm', data: { 'drift.settle': ' 1m30s ' }, expected: { driftSettleMs: 90_000 } },
  {
    map: 'argocd-cm',
    data: { 'timeout.reconciliation': '0' },
    expected: { schedules: { ...schedules, resync: undefined } },
  },
  {
    map: 'argocd-cm',
    data: { 'timeout.reconciliation': '180s' },
    expected: { schedules: { ...schedules, resync: utc('*/3 * * * *', 90_000) } },
  },
  {
    map: 'coxswain-cm',
    data: {
      'schedule.timeZone': 'Europe/Berlin',
      'schedule.resync': '*/30 8-18 * * mon-fri',
      'schedule.retention': ' @daily ',
    },
    expected: {
      schedules: {
        ...schedules,
        timeZone: 'Europe/Berlin',
        resync: berlin('*/30 8-18 * * mon-fri'),
        retention: berlin('@daily'),
      },
    },
  },
  {
    map: 'coxswain-cm',
    data: { 'schedule.sweep': '0 * * * *' },
    expected: { schedules: { ...schedules, sweep: utc('0 * * * *') } },
  },
  { map: 'argocd-cm', data: { 'cluster.inClusterEnabled': 'false' }, expected: { clusters: [] } },
];
for (const { map, data, expected } of keys) {
  test(`${map} ${JSON.stringify(data)} is read, and nothing else changes`, () => {
    assert.deepEqual(read({ [map]: data }), { ...read(), ...expected });
  });
}

test('a key that another ConfigMap owns is not read', () => {
  assert.deepEqual(read({ 'argocd-cm': { 'drift.settle': '5s', 'policy.csv': 'p, x' } }), read());
});

const faulty: { map: string; data: Record<string, string>; fault: RegExp | string; expected: Partial<Settings> }[] = [
  {
    map: 'argocd-rbac-cm',
    data: { 'policy.csv': 'g, a, r\n', 'policy.z.csv': '# z\np, z, *, *, *, dney' },
    fault: new RegExp(
      /^argocd-rbac-cm: policy\.z\.csv, line 2 must end with allow or deny; nobody is permitted /.source +
        /anything until it is mended$/.source,
    ),
    expected: {
      policyCsv: 'g, a, r\n\n# z\np, z, *, *, *, dney',
      policyFault: 'policy.z.csv, line 2 must end with allow or deny',
    },
  },
  {
    map: 'argocd-rbac-cm',
    data: { 'policy.matchMode': 'regex', 'policy.csv': 'p, joe, applications, sync, */*, deny' },
    fault: new RegExp(
      /^argocd-rbac-cm: policy\.csv, line 1 has "\*\/\*", which is no regular expression \(policy\.matchMode\); /
        .source + /nobody is permitted anything until it is mended$/.source,
    ),
    expected: {
      matchMode: 'regex',
      policyCsv: 'p, joe, applications, sync, */*, deny',
      policyFault: 'policy.csv, line 1 has "*/*", which is no regular expression (policy.matchMode)',
    },
  },
  {
    map: 'argocd-cm',
    data: { 'kustomize.buildOptions': '--load-restrictor=LoadRestrictionsNone --enable-alpha-plugins' },
    fault:
      'kustomize.buildOptions has --enable-alpha-plugins, which has no effect: plugins are programs, and rendering ' +
      'starts none',
    expected: { kustomize: { anyFile: true } },
  },
  {
    map: 'argocd-cm',
    data: { 'kustomize.path.v4.5.7': '/custom-tools/kustomize_4_5_7' },
    fault: 'argocd-cm has kustomize.path.v4.5.7, which has no effect: there is one Kustomize, 5.8.2',
    expected: {},
  },
  {
    map: 'argocd-rbac-cm',
    data: { 'policy.matchMode': 'Regex' },
    fault: 'policy.matchMode is "Regex", but must be glob or regex',
    expected: {},
  },
  {
    map: 'coxswain-cm',
    data: { 'drift.settle': 'soon' },
    fault: /^drift\.settle is "soon"/,
    expected: { driftSettleMs: 60_000 },
  },
  {
    map: 'argocd-cmd-params-cm',
    data: { 'controller.ignore.normalizer.jq.timeout': 'soon' },
    fault: /^controller\.ignore\.normalizer\.jq\.timeout is "soon"/,
    expected: {},
  },
  {
    map: 'argocd-cmd-params-cm',
    data: { 'controller.ignore.normalizer.jq.timeout': '1h' },
    fault: 'controller.ignore.normalizer.jq.timeout is "1h", of which 60s count',
    expected: { jqTimeoutMs: 60_000 },
  },
  ...['{', '- {field: spec.cpu, type: core/v2/Pod}', 'field: spec.cpu'].map((text) => ({
    map: 'argocd-cm',
    data: { 'resource.customizations.knownTypeFields.a_B': text },
    fault: /knownTypeFields\.a_B must be a list of maps with field and type/,
    expected: { comparison: { ...defaultComparison, knownTypeFields: { ...rollout, 'a/B': [] } } },
  })),
  {
    map: 'argocd-cm',
    data: { 'resource.compareoptions': '[1]' },
    fault: /^resource\.compareoptions of argocd-cm must be a map in YAML/,
    expected: {},
  },
  {
    map: 'argocd-cm',
    data: { 'resource.compareoptions': 'ignoreAggregatedRoles: 1' },
    fault: /^ignoreAggregatedRoles in resource\.compareoptions of argocd-cm must be true or false/,
    expected: {},
  },
  {
    map: 'argocd-cm',
    data: { 'resource.compareoptions': 'ignoreResourceStatusField: none' },
    fault: /^ignoreResourceStatusField in resource\.compareoptions of argocd-cm has no effect: a status is never/,
    expected: {},
  },
  { map: 'argocd-cm', data: { 'resource.customizations': 'a/B: x' }, fault: /under a\/B must be a map$/, expected: {} },
  {
    map: 'argocd-cm',
    data: { 'resource.customizations.helth.a_B': 'x' },
    fault: /^resource\.customizations\.helth\.a_B of argocd-cm is not known/,
    expected: {},
  },
  {
    map: 'argocd-cm',
    data: { 'resource.customizations.useOpenLibs.a_B': 'maybe' },
    fault: /must be true or false$/,
    expected: {},
  },
  {
    map: 'argocd-cm',
    data: { 'timeout.reconciliation': '-1s' },
    fault: /^timeout\.reconciliation is "-1s"/,
    expected: {},
  },
  ...(
    [
      ['*/5 25 * * *', '25 is a invalid expression for hour'],
      ['0 3 31 2 *', '31 2 is an impossible day of month for the given month'],
      ['0 3 L-29 2 *', 'no day fits it'],
      ['0-999999999 * * * *', 'a number is too long'],
      ['10m', 'it has 1 fields instead of 5'],
      ['*/10 * * * * *', 'it has 6 fields instead of 5'],
      ['', 'it has 1 fields instead of 5'],
    ] as const
  ).map(([text, why]) => ({
    map: 'coxswain-cm',
    data: { 'schedule.sweep': text },
    fault: `schedule.sweep is "${text}", but must be a cron expression such as */10 * * * *: ${why}`,
    expected: {},
  })),
  {
    map: 'coxswain-cm',
    data: { 'schedule.timeZone': 'Mars/Phobos' },
    fault: /^schedule\.timeZone is "Mars\/Phobos", but must be a name of the time zone database/,
    expected: {},
  },
  {
    map: 'coxswain-cm',
    data: { 'slack.identities': 'alice: U01ALICE\nU02BOB: bob' },
    fault: /^slack\.identities has the line "alice: U01ALICE"/,
    expected: { slackIdentities: new Map([['U02BOB', 'bob']]) },
  },
];
for (const { map, data, fault, expected } of faulty) {
  test(`${map} ${JSON.stringify(data)} is told as a fault and its default stands in`, () => {
    const settings = read({ [map]: data });
    assert.deepEqual(settings, { ...read(), ...expected, faults: settings.faults });
    assert.equal(settings.faults.length, 1);
    if (typeof fault === 'string') assert.deepEqual(settings.faults, [fault]);
    else assert.match(settings.faults[0] ?? '', fault);
  });
}

test('customizations that are no map leave every object uncompared, for nobody knows what they ignore', () => {
  for (const text of ['{', '- a', 'word']) {
    const { comparison, faults } = read({ 'argocd-cm': { 'resource.customizations': text } });
    const [{ group, kind, fault } = { group: '', kind: '', fault: '' }, ...more] = comparison.ignoreDifferences;
    assert.deepEqual([group, kind, more, faults], ['*', '*', [], [fault]]);
    assert.match(
      fault ?? '',
      /^resource\.customizations of argocd-cm (is no YAML|must be a map); no object is compared/,
    );
  }
});

test('a cluster Secret becomes an entry beside the implicit one, its server without the slash at the end', () => {
  const config = { bearerToken: 'abc', tlsClientConfig: { insecure: true } };
  const { clusters, faults } = read({}, [
    secret('east', 'cluster', {
      name: 'east',
      server: 'https://east.example/',
      config: JSON.stringify(config),
      project: 'team',
    }),
  ]);
  assert.deepEqual(clusters, [
    { name: 'east', server: 'https://east.example', config, project: 'team' },
    { name: 'in-cluster', server: 'https://kubernetes.default.svc', config: {} },
  ]);
  assert.deepEqual(faults, []);
});

test('a cluster Secret for the own cluster replaces the implicit entry, and a missing name is the server', () => {
  const { clusters } = read({}, [
    secret('own', 'cluster', { server: 'https://kubernetes.default.svc', config: '{"bearerToken":"t"}' }),
  ]);
  assert.deepEqual(clusters, [
    { name: 'https://kubernetes.default.svc', server: 'https://kubernetes.default.svc', config: { bearerToken: 't' } },
  ]);
});

for (const data of [
  { server: 'https://east.example', config: '{"bearerToken":"s3cret' },
  { config: '{}' },
  { server: 'https://east.example', config: '[]' },
]) {
  test(`a cluster Secret of ${Object.keys(data).join(' and ')} that cannot be read tells no credential`, () => {
    const { clusters, faults } = read({}, [secret('east', 'cluster', data)]);
    assert.equal(clusters.length, 1);
    assert.deepEqual(faults, ['cluster Secret east needs a server and a config in JSON']);
  });
}

test('repositories of every kind are read, whichever way they log in; one without an address is a fault', () => {
  const { repositories, faults } = read({}, [
    secret('by-key', 'repository', { url: 'git@github.com:acme/infra.git', sshPrivateKey: 'PRIVATE' }),
    secret('public', 'repository', { url: 'https://github.com/acme/public' }),
    secret('charts', 'repository', { url: 'https://charts.example', type: 'helm', username: 'u', password: 'p' }),
    secret('nameless', 'repo-creds', { username: 'u', password: 'p' }),
    secret('other', 'scm-creds', { url: 'https://github.com', password: 'p' }),
  ]);
  assert.deepEqual(repositories, [
    { url: 'git@github.com:acme/infra.git', type: 'git', prefix: false, sshPrivateKey: 'PRIVATE' },
    { url: 'https://github.com/acme/public', type: 'git', prefix: false },
    { url: 'https://charts.example', type: 'helm', prefix: false, username: 'u', password: 'p' },
  ]);
  assert.deepEqual(faults, ['repo-creds Secret nameless needs a url']);
});

const credentials = read({}, [
  secret('infra', 'repository', { url: 'https://github.com/acme/infra.git', username: 'infra-bot', password: 'p1' }),
  secret('public', 'repository', { url: 'https://github.com/acme/public' }),
  secret('acme', 'repo-creds', { url: 'https://github.com/acme', password: 'p2' }),
  secret('host', 'repo-creds', { url: 'https://github.com', username: 'host-bot', password: 'p3' }),
  secret('scp', 'repo-creds', { url: 'git@git.example:team/', password: 'p4' }),
]);
const lookups: [url: string, password: string | undefined, why: string][] = [
  ['https://github.com/acme/infra', 'p1', "the repository's own"],
  ['https://GitHub.com/acme/infra.git/', 'p1', 'spelled differently'],
  ['https://github.com/acme/public', 'p2', 'a repository without a password inherits'],
  ['https://github.com/acme/web', 'p2', 'the longest prefix wins'],
  ['https://github.com/other/web', 'p3', 'a shorter prefix'],
  ['ssh://git@git.example/team/app', 'p4', 'both spellings of SSH are one'],
  ['https://github.com.evil.example/acme/infra', undefined, 'a longer host name is another host'],
  ['https://github.com@evil.example/acme/infra', undefined, 'so is a host behind userinfo'],
  ['http://github.com/acme/infra', undefined, 'nothing is sent without encryption to where HTTPS was meant'],
  ['https://gitlab.example/acme/infra', undefined, 'an unknown host'],
];
for (const [url, password, why] of lookups) {
  test(`credential for ${url}: ${why}`, () => assert.equal(accessOf(credentials, url).password, password));
}

const clusters = read({}, [
  secret('east', 'cluster', { name: 'east', server: 'https://east.example', config: '{}' }),
  secret('twin-1', 'cluster', { name: 'twin', server: 'https://one.example', config: '{}' }),
  secret('twin-2', 'cluster', { name: 'twin', server: 'https://two.example', config: '{}' }),
]);
const destinations: [destination: { server?: string; name?: string }, server: string | undefined][] = [
  [{ server: 'https://kubernetes.default.svc' }, 'https://kubernetes.default.svc'],
  [{ name: 'in-cluster' }, 'https://kubernetes.default.svc'],
  [{ server: 'https://east.example/' }, 'https://east.example'],
  [{ name: 'east' }, 'https://east.example'],
  [{ server: 'https://east.example', name: '' }, 'https://east.example'],
  [{ server: '', name: 'east' }, 'https://east.example'],
  [{ name: 'twin' }, undefined],
  [{ server: 'https://one.example' }, 'https://one.example'],
  [{ name: 'nowhere' }, undefined],
  [{ server: 'https://nowhere.example' }, undefined],
  [{}, undefined],
];
for (const [destination, server] of destinations) {
  test(`destination ${JSON.stringify(destination)} is ${server ?? 'no cluster'}`, () =>
    assert.equal(clusterOf(clusters, destination)?.server, server));
}

test('clusters that share a name are told as a fault', () => {
  assert.deepEqual(clusters.faults, [
    'there are 2 clusters with the same name: twin; destinations that use it find none',
  ]);
});
