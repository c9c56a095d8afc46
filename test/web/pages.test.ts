// The pages as functions of what they show: escaping, links, order and empty states.
import type { Application } from '../../src/model/application.ts';
import type { Approval, DriftEpisode } from '../../src/model/coxswain.ts';
import type { EffectivePolicy } from '../../src/policy/policy.ts';
import { test } from 'node:test';
import assert from 'node:assert/strict';
import { applicationPage } from '../../src/web/application-page.ts';
import { escapeHtml, html, page } from '../../src/web/html.ts';
import { listPage } from '../../src/web/list-page.ts';
import { repositoryPage, repositoryText } from '../../src/web/parts.ts';
import { standingOf } from '../../src/web/summary.ts';

type Status = NonNullable<Application['status']>;

function application(name: string, status: Status = {}, more: Partial<Application> = {}): Application {
  return {
    apiVersion: 'argoproj.io/v1alpha1',
    kind: 'Application',
    metadata: { name, namespace: 'argocd' },
    spec: {
      project: 'shop',
      destination: { server: 'https://kubernetes.default.svc', namespace: 'shop' },
      source: { repoURL: 'https://git.example/acme/infra.git', path: name },
    },
    status,
    ...more,
  };
}

function approval(phase: 'Pending' | 'Applied' = 'Pending'): Approval {
  return {
    apiVersion: 'coxswain.dev/v1alpha1',
    kind: 'Approval',
    metadata: { name: 'web-1', namespace: 'argocd' },
    spec: {
      application: 'argocd/web',
      digest: 'd',
      revision: 'r',
      operations: [
        { op: 'delete', key: { group: '', kind: 'ConfigMap', namespace: 'shop', name: 'old' }, phase: 'Sync', wave: 0 },
      ],
    },
    status: { phase },
  };
}

function episode(phase: 'Open' | 'Healed', changes: [string, unknown, unknown][] = []): DriftEpisode {
  const object = {
    key: { group: '', kind: 'ConfigMap', namespace: 'shop', name: 'a' },
    kind: 'changed' as const,
    changes: changes.map(([text, before, after]) => ({ path: [text], text, before, after })),
    by: { manager: 'kubectl-edit' },
  };
  return {
    apiVersion: 'coxswain.dev/v1alpha1',
    kind: 'DriftEpisode',
    metadata: { name: 'web-2', namespace: 'argocd' },
    spec: { application: 'argocd/web', fingerprint: 'f', openedAt: '2026-01-01T00:00:00Z' },
    status: { phase, objects: [object] },
  };
}

const well: Status = { sync: { status: 'Synced', revision: 'a'.repeat(40) }, health: { status: 'Healthy' } };

test('interpolated text is escaped wherever it stands, HTML values are not', () => {
  assert.equal(
    html`<a title="${'"><b>'}">${"'&<"}${html`<i>`}${[1, html`<u>`, undefined, false]}</a>`.html,
    '<a title="&#34;&#62;&#60;b&#62;">&#39;&#38;&#60;<i>1<u></a>',
  );
  assert.equal(escapeHtml(`<>&"'`), '&#60;&#62;&#38;&#34;&#39;');
});

/** The value with every text in it replaced. */
function poisoned<T>(value: T, poison: string): T {
  const walk = (at: unknown): unknown => {
    if (typeof at === 'string') return `${at}${poison}`;
    if (Array.isArray(at)) return at.map(walk);
    return typeof at === 'object' && at !== null
      ? Object.fromEntries(Object.entries(at).map(([key, member]) => [key, walk(member)]))
      : at;
  };
  return walk(value) as T;
}

const policy: EffectivePolicy = {
  gated: false,
  environment: 'development',
  approvers: [],
  approvals: 1,
  slack: undefined,
};

const hostile = `"'><script>alert(1)</script><img src=x onerror=alert(2)>`;
const full = application(
  'web',
  {
    ...well,
    conditions: [{ type: 'ComparisonError', message: 'broken' }],
    operationState: {
      operation: { sync: {}, initiatedBy: { username: 'ana' } },
      phase: 'Failed',
      message: 'no',
      startedAt: '2026-01-01T00:00:00Z',
      finishedAt: '2026-01-01T00:00:01Z',
      syncResult: {
        revision: 'r',
        resources: [
          {
            group: '',
            version: 'v1',
            kind: 'ConfigMap',
            namespace: 'shop',
            name: 'a',
            status: 'SyncFailed',
            message: 'no',
          },
        ],
      },
    },
    history: [
      { id: 1, revision: 'b'.repeat(40), deployedAt: '2026-01-01T00:00:00Z', initiatedBy: { username: 'ana' } },
    ],
  },
  { operation: { sync: {} } },
);

test('nothing that comes from elsewhere becomes HTML, on any page', () => {
  const app = poisoned(full, hostile);
  const resource = poisoned(
    {
      row: {
        version: 'v1',
        group: 'apps',
        kind: 'ConfigMap',
        namespace: 'shop',
        name: 'a',
        status: 'OutOfSync' as const,
        health: { status: 'Degraded' as const, message: 'no' },
      },
      diff: '@@ -1 +1 @@\n-a\n+b\n c',
    },
    hostile,
  );
  const view = {
    app,
    policy: { ...policy, environment: hostile },
    resources: [resource],
    approvals: [{ ...poisoned(approval(), hostile), status: { phase: 'Pending' as const } }],
    episodes: [
      {
        ...poisoned(episode('Open', [['data.a', '1', '2']]), hostile),
        status: {
          ...poisoned(episode('Open', [['data.a', '1', '2']]).status, hostile),
          phase: 'Open' as const,
          objects: poisoned(episode('Open', [['data.a', '1', '2']]).status?.objects ?? [], hostile),
        },
      },
    ],
  };
  const pages = [
    page({
      title: app.metadata.name,
      up: '../../',
      follows: `argocd/${app.metadata.name}`,
      body: applicationPage(view, '../../'),
    }),
    page({ title: 'Applications', up: '', follows: '', body: listPage([view], []) }),
  ];
  for (const text of pages) {
    assert.ok(text.split('&#60;script&#62;').length > 5, 'the text is shown');
    assert.doesNotMatch(text, /<script>|<img|onerror=alert\(2\)>/);
    assert.deepEqual(
      [...text.matchAll(/<script[^>]*>/g)].map(([tag]) => tag.replace(/\.\.\//g, '')),
      ['<script src="live.js" defer>'],
    );
    assert.doesNotMatch(
      text,
      /(href|src)="(?!https:|\.{1,2}\/|#|applications\/|installation"|api\/|live\.js|style\.css|icon\.svg)/,
      'links lead to pages and forges only',
    );
    const attributes = [...text.matchAll(/<[a-z][^<>]*>/g)].map(([tag]) => tag.replaceAll(/"[^"]*"/g, '')).join('\n');
    assert.doesNotMatch(
      attributes,
      /\sstyle=|\son[a-z]+=|["']/,
      'no style and no script in attributes, which the policy would refuse',
    );
  }
});

const repositories: [url: string, page: string | undefined, text: string][] = [
  ['https://github.com/acme/infra.git', 'https://github.com/acme/infra', 'github.com/acme/infra'],
  ['https://ana:hunter2@github.com/acme/infra', 'https://github.com/acme/infra', 'github.com/acme/infra'],
  ['http://127.0.0.1:3000/acme/infra/', 'http://127.0.0.1:3000/acme/infra', '127.0.0.1:3000/acme/infra'],
  ['https://git.example/infra?token=hunter2#x', 'https://git.example/infra', 'git.example/infra'],
  ['git@github.com:acme/infra.git', undefined, 'git@github.com:acme/infra.git'],
  ['ssh://git:hunter2@git.example/infra', undefined, 'ssh://git.example/infra'],
  ['javascript:alert(1)', undefined, 'javascript:alert(1)'],
  ['', undefined, ''],
];
for (const [url, link, text] of repositories) {
  test(`the repository ${url || '(none)'} is shown as ${text || 'nothing'} and leads to ${link ?? 'nowhere'}`, () => {
    assert.deepEqual([repositoryPage(url), repositoryText(url)], [link, text]);
  });
}

const failed: Status = { ...well, operationState: { operation: {}, phase: 'Failed', message: 'no', startedAt: '' } };
const standings: {
  what: string;
  app: Application;
  approvals?: Approval[];
  episodes?: DriftEpisode[];
  expected: [rank: number, tags: string, note: string];
}[] = [
  { what: 'all is well', app: application('web', well), expected: [4, 'healthy', ''] },
  { what: 'not compared yet', app: application('web'), expected: [3, 'progressing', 'not compared yet'] },
  {
    what: 'out of sync',
    app: application('web', { ...well, sync: { status: 'OutOfSync' } }),
    expected: [2, 'outofsync', ''],
  },
  {
    what: 'missing',
    app: application('web', { sync: { status: 'OutOfSync' }, health: { status: 'Missing' } }),
    expected: [2, 'outofsync', 'objects are missing in the cluster'],
  },
  {
    what: 'progressing',
    app: application('web', { ...well, health: { status: 'Progressing', message: 'Deployment/web' } }),
    expected: [3, 'progressing', 'becoming ready: Deployment/web'],
  },
  {
    what: 'degraded',
    app: application('web', { ...well, health: { status: 'Degraded', message: 'Deployment/web' } }),
    expected: [0, 'failing', 'degraded: Deployment/web'],
  },
  {
    what: 'a condition that is an error',
    app: application('web', {
      ...well,
      sync: { status: 'Unknown' },
      conditions: [{ type: 'ComparisonError', message: 'a.yaml:1: no' }],
    }),
    expected: [0, 'failing', 'ComparisonError: a.yaml:1: no'],
  },
  {
    what: 'a warning',
    app: application('web', { ...well, conditions: [{ type: 'SharedResourceWarning', message: 'x' }] }),
    expected: [4, 'healthy', ''],
  },
  { what: 'a failed sync', app: application('web', failed), expected: [0, 'failing', 'last sync failed: no'] },
  {
    what: 'a sync that was asked for',
    app: application('web', failed, { operation: {} }),
    expected: [3, 'progressing', 'a sync was asked for'],
  },
  {
    what: 'a pending approval',
    app: application('web', { ...well, sync: { status: 'OutOfSync' } }),
    approvals: [approval('Applied'), approval()],
    expected: [1, 'approval outofsync', 'waits for approval of 1 change'],
  },
  {
    what: 'a sync that was refused until an approval',
    app: application('web', {
      ...failed,
      operationState: {
        operation: { info: [{ name: 'coxswain.dev/waits-for', value: 'web-1' }] },
        phase: 'Failed',
        message: 'approval required',
        startedAt: '',
      },
    }),
    approvals: [approval()],
    expected: [1, 'approval', 'waits for approval of 1 change'],
  },
  {
    what: 'a sync that was refused for something else than what waits',
    app: application('web', {
      ...failed,
      operationState: {
        operation: { info: [{ name: 'coxswain.dev/waits-for', value: 'web-0' }] },
        phase: 'Failed',
        message: 'approval required: force',
        startedAt: '',
      },
    }),
    approvals: [approval()],
    expected: [0, 'failing approval', 'last sync failed: approval required: force'],
  },
  {
    what: 'drift',
    app: application('web', { ...well, sync: { status: 'OutOfSync' } }),
    episodes: [episode('Healed'), episode('Open')],
    expected: [1, 'drift outofsync', '1 object changed in the cluster, not in Git'],
  },
];
for (const { what, app, approvals = [], episodes = [], expected } of standings) {
  test(`an application with ${what} stands at ${expected.join(' · ')}`, () => {
    const { rank, tags, note } = standingOf({ app, approvals, episodes });
    assert.deepEqual([rank, tags.join(' '), note], expected);
  });
}

test('the list puts first what needs somebody, then goes by name, and counts every state', () => {
  const apps = [
    application('b', well),
    application('a', well),
    application('z', failed),
    application('m', { ...well, sync: { status: 'OutOfSync' } }),
  ];
  const { html: text } = listPage(
    apps.map((app) => ({ app, approvals: [], episodes: [] })),
    [],
  );
  assert.deepEqual(
    [...text.matchAll(/id="app-argocd\/(\w+)"/g)].map((match) => match[1]),
    ['z', 'm', 'a', 'b'],
  );
  assert.deepEqual(
    [...text.matchAll(/data-tag="(\w*)"[^>]*>[^<]*<b>(\d+)/g)].map((match) => [match[1], match[2]]),
    [
      ['', '4'],
      ['failing', '1'],
      ['outofsync', '1'],
      ['healthy', '2'],
    ],
  );
});

test('without applications, resources or history the pages say so', () => {
  assert.match(listPage([], []).html, /No applications yet/);
  const { html: text } = applicationPage(
    { policy, app: application('web'), resources: [], approvals: [], episodes: [] },
    '../../',
  );
  assert.match(text, /No objects are known yet[^]*It was never synced/);
});

test('differences that are few are open, many are closed, and what agrees has none', () => {
  const views = (number: number) =>
    Array.from({ length: 5 }, (_, index) => ({
      row: {
        version: 'v1',
        kind: 'ConfigMap',
        name: `c${index}`,
        status: index < number ? ('OutOfSync' as const) : ('Synced' as const),
      },
      diff: index < number ? '@@ -1 +1 @@\n-a\n+b' : '',
    }));
  const shown = (number: number): string =>
    applicationPage(
      { policy, app: application('web', well), resources: views(number), approvals: [], episodes: [] },
      '',
    ).html;
  assert.equal(shown(3).match(/<details id="diff-[^"]*" open>/g)?.length, 3);
  assert.equal(shown(4).match(/<details id="diff-[^"]*">/g)?.length, 4);
  assert.match(shown(3), /3 of 5 differ from Git/);
  assert.match(shown(0), /5 objects, all as in Git/);
  assert.match(shown(1), /<span class="del">-a<\/span>\n<span class="add">\+b<\/span>/);
});

test('a page of a thousand applications is made of every one of them', () => {
  const apps = Array.from({ length: 1000 }, (_, index) => ({
    app: application(`app-${index}`, well),
    approvals: [],
    episodes: [],
  }));
  assert.equal(listPage(apps, []).html.split('<tr id="app-').length - 1, 1000);
});

test('what was refused last is told until something asks again', () => {
  const revision = 'a'.repeat(40);
  const app = application('web', { ...well, sync: { status: 'OutOfSync', revision } });
  const at = (phase: 'Pending' | 'Applied' | 'Rejected', creationTimestamp: string): Approval => ({
    ...approval(),
    metadata: { name: `web-${phase}`, namespace: 'argocd', creationTimestamp },
    status: { phase, message: 'rejected by bob: not before Monday' },
  });
  const before = at('Applied', '2026-01-01T00:00:00Z');
  const rejected = at('Rejected', '2026-01-02T00:00:00Z');
  assert.deepEqual(
    standingOf({ app, approvals: [before, rejected], episodes: [] }).note,
    'rejected by bob: not before Monday',
  );
  assert.match(
    applicationPage({ policy, app, resources: [], approvals: [rejected, before], episodes: [] }, '').html,
    /Rejected<\/h3><p class="message">rejected by bob: not before Monday/,
  );
  assert.equal(
    standingOf({ app, approvals: [rejected, at('Pending', '2026-01-03T00:00:00Z')], episodes: [] }).note,
    'waits for approval of 1 change',
  );
  assert.equal(
    standingOf({ app, approvals: [at('Applied', '2026-01-03T00:00:00Z'), rejected], episodes: [] }).note,
    '',
  );
  assert.equal(standingOf({ app: application('web', well), approvals: [rejected], episodes: [] }).note, '');
});

test('the page tells which gate ends with what waits', () => {
  const gates = [{ application: 'argocd/web', policy: { gated: true, approvals: 1, approvers: [['<b>']] } }];
  const waiting = { ...approval('Pending'), spec: { ...approval().spec, gates } };
  const { html: text } = applicationPage(
    { policy, app: application('web', well), resources: [], approvals: [waiting], episodes: [] },
    '',
  );
  assert.match(
    text,
    /It ends or loosens a gate:<\/b><\/p><ul><li>after this application web asks one person of &#60;b&#62;/,
  );
});

test('the page tells the environment, that people approve, and who approved what was deployed', () => {
  const revision = 'b'.repeat(40);
  const applied: Approval = {
    ...approval('Applied'),
    spec: { ...approval().spec, revision },
    status: {
      phase: 'Applied',
      approvals: [{ actor: { login: 'bob', id: 2, via: 'slack' }, at: '2026-01-01T00:00:00Z' }],
    },
  };
  const app = application('web', {
    ...well,
    history: [{ id: 1, revision, deployedAt: '2026-01-01T00:00:00Z', initiatedBy: { username: 'coxswain' } }],
  });
  const { html: text } = applicationPage(
    {
      policy: { ...policy, gated: true, environment: 'production' },
      app,
      resources: [],
      approvals: [applied],
      episodes: [],
    },
    '',
  );
  assert.match(text, /<dt>Environment<\/dt><dd>production<\/dd>[^]*<dd>after approval<\/dd>/);
  assert.equal(text.split('approved by bob').length - 1, 2);
  assert.match(
    listPage([{ app, approvals: [], episodes: [], environment: 'production' }], []).html,
    /shop · production/,
  );
});
