// Cards and the review as people read them: golden files (UPDATE_GOLDEN=1 writes them anew), Slack's limits, and
// hostile words.
import type { Card } from '../../src/slack/card.ts';
import type { ObjectDiff } from '../../src/model/effect.ts';
import type { Json } from '../../sandbox/slack/workspace/json.ts';
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { approvalCard } from '../../src/slack/approval-card.ts';
import { approvalModal } from '../../src/slack/modal.ts';
import { checkView, viewTooLarge } from '../../sandbox/slack/block-kit/block-kit.ts';
import { episodeCard, wokenCard } from '../../src/slack/drift-card.ts';
import { repositoryPage, titleOf } from '../../src/slack/change.ts';
import { fits, golden } from './golden-file.ts';
import {
  application,
  approval,
  commit,
  digest,
  edited,
  effect,
  episode,
  key,
  operations,
  placeOf,
  syncing,
  total,
} from './sample.ts';

const by = { approvals: [{ actor: { login: 'bob', id: 2, via: 'slack' as const }, at: '2026-03-02T14:10:00Z' }] };
const bob = { login: 'bob', id: 2, via: 'slack' as const };

const changed: ObjectDiff[] = [
  {
    key: key('Deployment', 'checkout'),
    action: 'change',
    changes: edited.changes.map((change) => ({ ...change, before: change.after, after: change.before })),
    notes: [],
  },
  {
    key: key('Secret', 'db'),
    action: 'change',
    changes: ['a', 'b', 'c', 'd', 'e'].map((name) => ({
      path: ['data', name],
      text: `data.${name}`,
      before: '+'.repeat(8),
      after: '+'.repeat(12),
    })),
    notes: [],
  },
];

const cards: Record<string, () => Card> = {
  'approval-waits': () => approvalCard(approval(), placeOf(application(), commit)),
  'approval-values': () =>
    approvalCard(approval(), { ...placeOf(application(), commit), effect: effect({ total: changed }) }),
  'approval-one-of-two': () =>
    approvalCard(approval(by), {
      ...placeOf(application(), commit),
      policy: {
        gated: true,
        environment: 'production',
        approvers: [['@acme/leads'], ['dave']],
        approvals: 2,
        slack: undefined,
      },
    }),
  'approval-syncs': () =>
    approvalCard(
      approval({ phase: 'Approved', ...by }),
      placeOf(syncing('Running', 'waiting for healthy state of apps/Deployment/checkout'), commit),
    ),
  'approval-failed': () =>
    approvalCard(
      approval({ phase: 'Approved', ...by }),
      placeOf(syncing('Failed', 'one or more synchronization tasks completed unsuccessfully'), commit),
    ),
  'approval-live': () =>
    approvalCard(
      approval({ phase: 'Applied', ...by }),
      placeOf(syncing('Succeeded', 'successfully synced (all tasks run)'), commit),
    ),
  'approval-rejected': () =>
    approvalCard(
      approval({ phase: 'Rejected', message: 'as the operator words it', rejectedBy: bob, reason: 'not on a Friday' }),
      placeOf(application(), commit),
    ),
  'approval-void': () =>
    approvalCard(
      approval({
        phase: 'Superseded',
        message: 'the effect is another one now: Deployment shop/checkout spec.replicas',
      }),
      placeOf(application()),
    ),
  'drift-snoozed': () =>
    episodeCard(
      episode({ phase: 'Snoozed', snooze: { until: '2026-03-03T08:00:00Z', by: bob, reason: 'load test <!here>' } }),
      placeOf(application()),
    ),
  'drift-woken': () =>
    wokenCard(episode({ snooze: { until: '2026-03-03T08:00:00Z', by: { ...bob, slackUser: 'U0BOB' } } })) ??
    assert.fail('nobody is told'),
  'drift-open': () => episodeCard(episode(), placeOf(application())),
  'drift-deleted-and-secret': () =>
    episodeCard(
      episode({
        objects: [
          { key: key('ConfigMap', 'features'), kind: 'missing', changes: [] },
          { key: key('ConfigMap', 'old'), kind: 'extra', changes: [] },
          {
            key: key('Secret', 'db'),
            kind: 'changed',
            changes: [{ path: [], text: 'data.password', before: '+'.repeat(8), after: '+'.repeat(12) }],
          },
        ],
      }),
      placeOf(application()),
    ),
  'drift-reverting': () =>
    episodeCard(
      episode({ phase: 'Reverting', message: 'bob puts it back to Git', endedBy: bob }),
      placeOf(application()),
    ),
  'drift-revert-failed': () =>
    episodeCard(
      episode({ phase: 'Reverting', endedBy: bob }),
      placeOf(
        application({
          operationState: {
            phase: 'Failed',
            message: 'the API server refused',
            startedAt: 'x',
            operation: {
              initiatedBy: { username: 'bob' },
              sync: { resources: [{ kind: 'Deployment', name: 'checkout' }] },
            },
          },
        }),
      ),
    ),
  'drift-reverted': () =>
    episodeCard(
      episode({ phase: 'Reverted', message: 'put back to Git', reason: 'hotfix *leaked* <!channel>', endedBy: bob }),
      placeOf(application()),
    ),
  'drift-healed': () =>
    episodeCard(episode({ phase: 'Healed', message: 'live matches Git again' }), placeOf(application())),
};

for (const [name, make] of Object.entries(cards)) {
  test(`the card "${name}" reads as its golden file`, () => {
    const card = make();
    fits(card);
    golden(name, card);
  });
}

test('the review shows what is destroyed first, then every difference, and carries back the digest', () => {
  const view = approvalModal(
    approval(),
    effect({
      drift: [total[0] ?? assert.fail()],
      risks: [{ key: key('Deployment', 'checkout'), text: 'is recreated' }],
    }),
    placeOf(application(), commit),
    'C1',
  );
  assert.deepEqual(checkView(JSON.parse(JSON.stringify(view)), 'modal'), []);
  assert.deepEqual(JSON.parse(view.private_metadata ?? ''), {
    kind: 'approval',
    object: `argocd/checkout-prod-${digest.slice(0, 12)}`,
    digest,
    channel: 'C1',
  });
  golden('review', view);
});

test('there is no button to approve what cannot be shown, or is another effect by now', () => {
  const place = placeOf(application());
  for (const [what, shown, object] of [
    ['missing', undefined, approval()],
    ['another', effect({ digest: 'e'.repeat(64) }), approval()],
    ['closed', effect(), approval({ phase: 'Superseded', message: 'void' })],
  ] as const) {
    const view = approvalModal(object, shown, place, 'C1');
    assert.deepEqual(checkView(JSON.parse(JSON.stringify(view)), 'modal'), [], what);
    assert.equal(view.submit, undefined, what);
  }
});

test("however much drifted or would change, Slack's limits hold", () => {
  const long = 'x'.repeat(50_000);
  const objects = Array.from({ length: 400 }, (_, at) => ({
    key: key('Deployment', `app-${at}`.padEnd(240, 'n')),
    kind: 'changed' as const,
    changes: Array.from({ length: 50 }, (_each, field) => ({
      path: [],
      text: `spec.${'f'.repeat(300)}${field}`,
      before: long,
      after: `${long}y`,
    })),
    by: { manager: long, at: 'x' },
  }));
  fits(episodeCard(episode({ objects }), placeOf(application())));
  fits(episodeCard(episode({ objects, phase: 'Healed', message: long }), placeOf(application())));
  const many = Array.from({ length: 500 }, (_, at) =>
    operations.map((item) => ({ ...item, key: { ...item.key, name: `${item.key.name}${at}`.padEnd(250, 'n') } })),
  ).flat();
  fits(approvalCard(approval({}, { operations: many }), placeOf(application(), `${long}\n${long}`)));
  fits(
    approvalCard(approval({ phase: 'Approved', ...by }, { operations: many }), placeOf(syncing('Failed', long), long)),
  );
  const rejected = { phase: 'Rejected', rejectedBy: { ...bob, login: long }, reason: long } as const;
  fits(approvalCard(approval(rejected, { operations: many }), placeOf(application())));
  const data = (sign: string): Record<string, string> =>
    Object.fromEntries(Array.from({ length: 300 }, (_, at) => [`k${at}`, `${sign}${'é'.repeat(500)}`]));
  const wide = Array.from({ length: 80 }, (_, at) => ({
    ...(total[1] ?? assert.fail()),
    action: 'change' as const,
    key: key('ConfigMap', `c${at}`),
    before: { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: `c${at}` }, data: data('a') },
    after: { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: `c${at}` }, data: data('b') },
    notes: [long],
  }));
  const deletes = Array.from({ length: 300 }, (_, at) => ({
    ...(total[2] ?? assert.fail()),
    key: key('ConfigMap', `gone-${at}`),
  }));
  for (const all of [wide, deletes, [...wide, ...deletes]]) {
    const risk = { key: key('ConfigMap', long), text: long };
    const view = approvalModal(
      approval(),
      effect({ total: all, drift: all, notes: [long, long, long, long], risks: [risk, risk, risk, risk] }),
      placeOf(application(), commit),
      'C1',
    );
    const json = JSON.parse(JSON.stringify(view)) as Json;
    assert.deepEqual(checkView(json, 'modal'), []);
    assert.equal(viewTooLarge(json), false);
    assert.match(JSON.stringify(view), /\d+ more objects\* did not fit here/);
  }
});

test('every object that the review deletes is named, or counted as one that did not fit', () => {
  for (const [many, length] of [
    [1, 20],
    [8, 20],
    [8, 100],
    [8, 240],
    [9, 240],
    [60, 240],
  ] as const) {
    const deletes = Array.from({ length: many }, (_, at) => ({
      ...(total[2] ?? assert.fail()),
      notes: [],
      key: key('ConfigMap', `gone-${String(at).padStart(3, '0')}`.padEnd(length, 'n')),
    }));
    const text = JSON.stringify(
      approvalModal(approval(), effect({ total: deletes, drift: [] }), placeOf(application(), commit), 'C1'),
    );
    const named = deletes.filter((diff) => text.includes(`${diff.key.name}`)).length;
    const counted = Number(/(\d+) more objects?\* did not fit here/.exec(text)?.[1] ?? 0);
    assert.ok(named + counted >= many, `${many} of ${length}: ${named} named, ${counted} counted`);
  }
});

/** Every mrkdwn text of a value, wherever it stands. */
function mrkdwnIn(value: unknown): string[] {
  if (Array.isArray(value)) return value.flatMap(mrkdwnIn);
  if (typeof value !== 'object' || value === null) return [];
  const own = 'type' in value && value.type === 'mrkdwn' && 'text' in value ? [String(value.text)] : [];
  return [...own, ...Object.values(value).flatMap(mrkdwnIn)];
}

test('hostile names and values mention nobody, link nowhere and format nothing', () => {
  const evil = '<!channel> <@U1> <https://evil.test|click> *bold* `code` @here \u202e';
  const object = {
    ...edited,
    key: { ...edited.key, name: evil },
    by: { manager: evil },
    changes: [{ path: [], text: evil, before: evil, after: evil }],
  };
  const app = {
    ...application(),
    metadata: {
      ...application().metadata,
      annotations: { 'coxswain.dev/environment': evil, 'coxswain.dev/approvers': '<!here>' },
    },
  };
  const place = placeOf(app, evil);
  const hook = { ...(operations[0] ?? assert.fail()), key: { ...key('Job', evil) } };
  const views = [
    episodeCard(episode({ objects: [object] }), place),
    episodeCard(
      episode({ objects: [object], phase: 'Superseded', message: evil, endedBy: { ...bob, login: evil } }),
      place,
    ),
    approvalCard(
      approval({ approvals: [{ actor: { ...bob, login: evil }, at: '' }] }, { operations: [hook], revision: evil }),
      place,
    ),
    approvalCard(approval({ phase: 'Rejected', rejectedBy: { ...bob, login: evil }, reason: evil }), place),
    approvalModal(
      approval(),
      effect({
        total: [{ ...(total[0] ?? assert.fail()), key: key('Deployment', evil), notes: [evil] }],
        risks: [{ key: key('Deployment', evil), text: evil }],
        notes: [evil],
      }),
      place,
      'C1',
    ),
  ];
  for (const view of views) {
    for (const text of [...mrkdwnIn(view), 'text' in view ? view.text : '']) {
      const tokens = [...text.matchAll(/<([^>]*)>/g)].map((match) => match[1] ?? '');
      assert.deepEqual(
        tokens.filter(
          (token) => !/^(https:\/\/cox\.example\.com\/|https:\/\/github\.com\/acme\/infra|!date\^)/.test(token),
        ),
        [],
        text,
      );
    }
    assert.ok(
      mrkdwnIn(view).every((text) => !text.replace(/`[^`]*`/g, '').includes('*bold*')),
      'marks outside code are broken',
    );
    assert.ok(!JSON.stringify(view).includes('\u202e'), 'text that runs backwards is taken out');
    assert.ok(
      [...JSON.stringify(view).matchAll(/"type":"mrkdwn"/g)].length ===
        [...JSON.stringify(view).matchAll(/"verbatim":true/g)].length,
      'Slack looks for no mentions by itself',
    );
    assert.ok(!/"type":"(user|usergroup|broadcast|channel)"/.test(JSON.stringify(view)));
  }
});

test('a commit tells its title and its pull request, a repository its page, and never a credential', () => {
  assert.deepEqual(titleOf(commit), { title: 'Checkout 1.5.0: faster carts', pull: 12 });
  assert.deepEqual(titleOf('Checkout 1.5.0 (#7)\n\nbody'), { title: 'Checkout 1.5.0', pull: 7 });
  assert.deepEqual(titleOf('Merge pull request #9 from a/b'), { title: 'Merge pull request #9 from a/b', pull: 9 });
  assert.deepEqual(titleOf('plain'), { title: 'plain' });
  const at = (repoURL: string): string | undefined =>
    repositoryPage({ ...application(), spec: { ...application().spec, source: { repoURL } } });
  assert.equal(at('https://bot:secret@github.com/acme/infra.git'), 'https://github.com/acme/infra');
  assert.equal(at('git@github.com:acme/infra.git'), 'https://github.com/acme/infra');
  assert.equal(at('http://127.0.0.1:99/acme/infra.git/'), 'http://127.0.0.1:99/acme/infra');
  assert.equal(at('file:///srv/infra.git'), undefined);
  assert.equal(at('oci://registry/chart'), undefined);
});

test('all authors of the change stand on its card, with what makes them authors, and as plain text', () => {
  const authors = [
    { login: 'ann', id: 1, did: 'wrote commit 1234567' },
    { login: 'ben', id: 2, did: 'moved <!channel> back to 1234567' },
  ];
  const app = application({}, { metadata: { name: 'root', namespace: 'argocd' } });
  const card = JSON.stringify(approvalCard(approval({}, { authors }), placeOf(app)).blocks);
  assert.match(card, /made by ann \(wrote commit 1234567\), ben \(moved &lt;!channel&gt; back to 1234567\) {2}·/);
});

test('who must agree is told for the gates too that the change would loosen elsewhere', () => {
  const app = application({}, { metadata: { name: 'root', namespace: 'argocd' } });
  const card = JSON.stringify(
    approvalCard(approval({}, { policy: { approvals: 2, approvers: [['@acme/leads']] } }), placeOf(app)).blocks,
  );
  assert.match(card, /needs 2 people of @acme\/leads who did not write it/);
  const hidden = JSON.stringify(
    approvalCard(
      approval({}, { policy: { approvals: 2, approvers: [] }, unknown: ["commit 1234567 is a bot's", '<@U1>'] }),
      placeOf(app),
    ).blocks,
  );
  assert.match(
    hidden,
    new RegExp(
      /needs 2 people who did not write it: nobody can tell all who made the change: commit 1234567 is a /.source +
        /bot's, and 1 more such/.source,
    ),
  );
});

const ending = [
  { application: 'argocd/checkout-prod', policy: { gated: false, approvals: 1, approvers: [] } },
  {
    application: 'argocd/<!channel>',
    policy: {
      gated: true,
      approvals: 2,
      approvers: [['@acme/leads', 'grace']],
      reviewers: [{ repository: '', environment: 'production' }],
    },
  },
];

test('the gates that end with it stand on the card and in the review, until it is over', () => {
  const place = placeOf(application());
  const asked = approval({}, { gates: ending });
  for (const view of [approvalCard(asked, place), approvalModal(asked, effect({ digest }), place, 'C1')]) {
    const text = JSON.stringify(view.blocks);
    assert.match(text, /after this application checkout-prod asks nobody/);
    assert.match(text, /asks 2 people of @acme\/leads or grace, the reviewers of environment production/);
    assert.ok(!JSON.stringify(view.blocks.filter(({ type }) => type !== 'rich_text')).includes('<!channel>'));
  }
  const over = approval({ phase: 'Superseded', message: 'void' }, { gates: ending });
  assert.ok(!JSON.stringify(approvalCard(over, place).blocks).includes('asks nobody'));
});

test('an object that only stays as it is does not read as a change', () => {
  const live = { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'kept', namespace: 'shop' } };
  const kept = {
    key: key('ConfigMap', 'kept'),
    action: 'change' as const,
    changes: [],
    before: live,
    after: live,
    notes: ['no longer in Git; stays: Prune=false or a keep policy holds it'],
  };
  const text = JSON.stringify(
    approvalModal(approval(), effect({ total: [kept] }), placeOf(application()), 'C1').blocks,
  );
  assert.match(text, /📌 keeps  \*ConfigMap shop\/kept\*/);
});
