// What a project permits: repositories, destinations, kinds and whole specs, with Argo CD's messages.
import type { Application } from '../../src/model/application.ts';
import type { AppProject, ProjectSpec } from '../../src/model/project.ts';
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { destinationPermitted, resourceDenied, sourcePermitted, specConditions } from '../../src/policy/project.ts';

function project(spec: ProjectSpec): AppProject {
  return { apiVersion: 'argoproj.io/v1alpha1', kind: 'AppProject', metadata: { name: 'P', namespace: 'argocd' }, spec };
}

const sources: [repos: string[] | undefined, url: string, permitted: boolean][] = [
  [undefined, 'https://github.com/acme/infra', false],
  [['*'], 'https://github.com/acme/infra', true],
  [['https://github.com/acme/*'], 'https://github.com/acme/infra.git', true],
  [['https://github.com/*'], 'https://github.com/acme/infra', false],
  [['https://github.com/**'], 'https://github.com/acme/infra', true],
  [['https://GitHub.com/acme/infra'], 'https://github.com/acme/infra.git', true],
  [['git@github.com:acme/infra'], 'ssh://git@github.com/acme/infra.git', true],
  [['*', '!https://github.com/acme/secret'], 'https://github.com/acme/secret', false],
  [['!https://github.com/acme/secret'], 'https://github.com/acme/secret', false],
  [['!https://github.com/acme/secret'], 'https://github.com/acme/open', true],
  [['*', '!https://github.com/acme/secret'], 'https://me:pass@GitHub.com/acme/Secret.git/', false],
  [['ssh://git@github.com/acme/*'], 'github.com:acme/infra', true],
];
for (const [repos, url, permitted] of sources) {
  test(`sourceRepos ${JSON.stringify(repos)} ${permitted ? 'permit' : 'do not permit'} ${url}`, () => {
    assert.equal(sourcePermitted(project(repos ? { sourceRepos: repos } : {}), url), permitted);
  });
}

const server = 'https://kubernetes.default.svc';
const destinations: [list: ProjectSpec['destinations'], namespace: string, permitted: boolean][] = [
  [undefined, 'a', false],
  [[{ server: '*', namespace: '*' }], 'a', true],
  [[{ name: 'in-cluster', namespace: 'a' }], 'a', true],
  [[{ name: 'in-cluster', namespace: 'a' }], 'b', false],
  [[{ server, namespace: 'team-*' }], 'team-x', true],
  [
    [
      { server: '*', namespace: '*' },
      { server: `!${server}`, namespace: '*' },
    ],
    'a',
    false,
  ],
  [
    [
      { server: '*', namespace: '*' },
      { name: '!in-cluster', namespace: 'other' },
    ],
    'a',
    false,
  ],
  [
    [
      { server: '*', namespace: '*' },
      { server, namespace: '!a' },
    ],
    'a',
    false,
  ],
  [[{ server: '*', namespace: '!kube-system' }], 'a', true],
  [[{ server: '*', namespace: '!kube-*' }], 'kube-system', false],
  [[{ server: '!https://other.example', namespace: '*' }], 'a', true],
  [[{ server: `!${server}`, namespace: '*' }], 'a', false],
  [[{ name: '!other', namespace: '*' }], 'a', true],
  [
    [
      { name: '!other', namespace: '!kube-system' },
      { server: '*', namespace: '!b' },
    ],
    'a',
    true,
  ],
  [
    [
      { name: '!other', namespace: '!kube-system' },
      { server: '*', namespace: '!a' },
    ],
    'a',
    false,
  ],
  [[{ server: '!https://other.example', namespace: 'team-*' }], 'a', false],
];
for (const [list, namespace, permitted] of destinations) {
  test(`destinations ${JSON.stringify(list)} ${permitted ? 'permit' : 'do not permit'} namespace ${namespace}`, () => {
    assert.equal(
      destinationPermitted(project(list ? { destinations: list } : {}), { server, name: 'in-cluster', namespace }),
      permitted,
    );
  });
}

const anywhere = { destinations: [{ server: '*', namespace: 'a' }] };
const kinds: [name: string, spec: ProjectSpec, kind: string, namespaced: boolean, expected: string | undefined][] = [
  ['no list permits namespaced kinds', anywhere, 'ConfigMap', true, undefined],
  [
    'an empty list permits none',
    { ...anywhere, namespaceResourceWhitelist: [] },
    'ConfigMap',
    true,
    'resource :ConfigMap is not permitted in project P',
  ],
  [
    'the black list wins',
    {
      ...anywhere,
      namespaceResourceWhitelist: [{ group: '*', kind: '*' }],
      namespaceResourceBlacklist: [{ group: '', kind: 'Config*' }],
    },
    'ConfigMap',
    true,
    'resource :ConfigMap is not permitted in project P',
  ],
  [
    'cluster-scoped kinds are denied without a list',
    anywhere,
    'Namespace',
    false,
    'resource :Namespace is not permitted in project P',
  ],
  [
    'and permitted by one',
    { ...anywhere, clusterResourceWhitelist: [{ group: '*', kind: '*' }] },
    'Namespace',
    false,
    undefined,
  ],
  [
    'by name too',
    { ...anywhere, clusterResourceWhitelist: [{ group: '', kind: 'Namespace', name: 'x-*' }] },
    'Namespace',
    false,
    'resource :Namespace is not permitted in project P',
  ],
  [
    'a namespace outside the destinations',
    { destinations: [{ server: '*', namespace: 'b' }] },
    'ConfigMap',
    true,
    "namespace a is not permitted in project 'P'",
  ],
];
for (const [name, spec, kind, namespaced, expected] of kinds) {
  test(name, () => {
    assert.equal(
      resourceDenied(project(spec), { group: '', kind, namespace: namespaced ? 'a' : '', name: 'n' }, namespaced, {
        server,
        name: 'in-cluster',
      }),
      expected,
    );
  });
}

test('no project lets Git say what people agreed to', () => {
  const everything = project({
    destinations: [{ server: '*', namespace: '*' }],
    clusterResourceWhitelist: [{ group: '*', kind: '*' }],
  });
  for (const kind of ['SyncRecord', 'Request', 'Approval']) {
    assert.equal(
      resourceDenied(everything, { group: 'coxswain.dev', kind, namespace: 'argocd', name: 'n' }, true, {
        server,
        name: 'in-cluster',
      }),
      `resource coxswain.dev:${kind} is not permitted in any project: Coxswain alone writes it`,
    );
  }
});

const good: Application['spec'] = {
  project: 'P',
  destination: { server, namespace: 'a' },
  source: { repoURL: 'https://github.com/acme/infra', path: 'x' },
};
const permits = project({ sourceRepos: ['*'], destinations: [{ server: '*', namespace: 'a' }] });
const specs: [name: string, spec: Application['spec'], project: AppProject | undefined, expected: string[]][] = [
  ['a good spec has no condition', good, permits, []],
  ['the project must exist', good, undefined, ['Application referencing project P which does not exist']],
  [
    'server and name are one too many',
    { ...good, destination: { server, name: 'in-cluster', namespace: 'a' } },
    permits,
    [`application destination can't have both name and server defined: in-cluster ${server}`],
  ],
  [
    'one of them is needed',
    { ...good, destination: { namespace: 'a' } },
    permits,
    ['Destination server missing from app spec'],
  ],
  [
    'the repository must be permitted',
    good,
    project({ destinations: [{ server: '*', namespace: '*' }] }),
    ["application repo https://github.com/acme/infra is not permitted in project 'P'"],
  ],
  [
    'the destination must be permitted',
    { ...good, destination: { server, namespace: 'b' } },
    permits,
    [
      `application destination server '${server}' and namespace 'b' do not match any of the allowed destinations ` +
        "in project 'P'",
    ],
  ],
];
for (const [name, spec, of, expected] of specs) {
  test(name, () => {
    const app: Application = {
      apiVersion: 'argoproj.io/v1alpha1',
      kind: 'Application',
      metadata: { name: 'app', namespace: 'argocd' },
      spec,
    };
    assert.deepEqual(
      specConditions({ app, project: of, cluster: { server, name: 'in-cluster' }, controlNamespace: 'argocd' }).map(
        (condition) => condition.message,
      ),
      expected,
    );
  });
}

test('an application of another namespace needs the project’s leave', () => {
  const app: Application = {
    apiVersion: 'argoproj.io/v1alpha1',
    kind: 'Application',
    metadata: { name: 'app', namespace: 'team-x' },
    spec: good,
  };
  const check = (sourceNamespaces: string[]): number =>
    specConditions({
      app,
      project: { ...permits, spec: { ...permits.spec, sourceNamespaces } },
      cluster: { server, name: 'in-cluster' },
      controlNamespace: 'argocd',
    }).length;
  assert.deepEqual([check([]), check(['team-*']), check(['/^team-.$/'])], [1, 0, 0]);
  // A pattern that a backtracking engine is stuck in, one that RE2 has not, and one that is none.
  assert.deepEqual([check(['/^(a+)+(a+)+(a+)+!$/']), check(['/^(?=team)team-a$/']), check(['/(/'])], [1, 1, 1]);
});
