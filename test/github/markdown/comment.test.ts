// The comment of an open pull request: what it says, that strangers' text is harmless, and that it keeps within
// GitHub's limits.
import type { ObjectDiff } from '../../../src/model/effect.ts';
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { renderComment, withoutBase } from '../../../src/github/markdown/comment.ts';
import { activityList } from '../../../src/github/markdown/activity.ts';
import { cutMarkdown } from '../../../src/github/markdown/record.ts';
import { commentMarker } from '../../../src/model/annotations.ts';
import { bodyBudget, sizeOf } from '../../../src/github/markdown/escape.ts';
import { golden } from './golden.ts';
import { app, changed, configMap, created, deleted, deployment, preview } from './sample.ts';

const publicUrl = 'https://cox.example.com';

async function body(input: Parameters<typeof preview>[0], more?: Parameters<typeof preview>[1]): Promise<string> {
  return (await renderComment({ preview: preview(input, more), activity: '', publicUrl, refused: '' })).body;
}

function story(): ReturnType<typeof app>[] {
  const image = changed(deployment('checkout', 'shop/checkout:1.8.2'), deployment('checkout', 'shop/checkout:1.9.0'), {
    place: { file: 'apps/checkout/base/deployment.yaml', line: 1 },
  });
  const gone = deleted(configMap('legacy-flags', { beta: 'true' }));
  const job = created({
    apiVersion: 'batch/v1',
    kind: 'Job',
    metadata: { name: 'migrate', namespace: 'shop' },
    spec: {},
  });
  return [
    app('checkout-dev', { change: [image, gone] }, { environment: 'dev' }),
    app(
      'checkout-prod',
      {
        change: [image, gone],
        drift: [
          changed(deployment('checkout', 'shop/checkout:1.8.2', 6), deployment('checkout', 'shop/checkout:1.8.2')),
        ],
        waiting: [created(configMap('limits', { max: '5' }))],
        hooks: [{ ...job, action: 'hook' }],
        operations: [{ op: 'hook', key: job.key, phase: 'PreSync', wave: 0, mac: 'x' }],
      },
      { environment: 'prod', gated: true, approvers: [['@acme/payments', 'grace']], approvals: 1, automated: false },
    ),
    app(
      'web',
      { change: [changed(configMap('web', { LEVEL: 'info' }), configMap('web', { LEVEL: 'debug' }))] },
      { automated: false, health: 'Degraded', sync: 'OutOfSync' },
    ),
  ];
}

test('an open pull request is told per application, worst first, with what comes next', async () => {
  golden('open', await body(story()));
});

test('hooks and what each sync creates anew are told apart, and how many more there are', async () => {
  const job = (name: string): ObjectDiff => ({
    ...created({ apiVersion: 'batch/v1', kind: 'Job', metadata: { name, namespace: 'shop' } }),
    place: { file: 'apps/web/jobs.yaml' },
  });
  const hooks = Array.from({ length: 12 }, (_, at) => job(`once-…${at === 0 ? '' : at + 1}`));
  const text = await body([app('web', { hooks: [...hooks, { ...job('migrate'), action: 'hook' }] })]);
  const [, hook = '', each = ''] =
    /\*\*Hooks that the sync runs\*\*\n\n(.*)\n\n\*\*What each sync creates anew\*\*\n\n([^]*?)\n\n/.exec(text) ?? [];
  assert.equal(hook, '- `Job shop/migrate` · `apps/web/jobs.yaml`');
  const lines = each.split('\n');
  assert.deepEqual(
    [lines[0], lines[1], lines[9], lines.slice(10)],
    [
      '- `Job shop/once-…` · `apps/web/jobs.yaml`',
      '- `Job shop/once-…2` · `apps/web/jobs.yaml`',
      '- `Job shop/once-…10` · `apps/web/jobs.yaml`',
      ['- … and 2 more'],
    ],
  );
});

test('an error is told with its file, line and cause', async () => {
  const error = {
    code: 'E_RENDER',
    message: "error converting YAML to JSON: yaml: line 4: could not find expected ':'",
    hint: 'Run `kustomize build apps/web`.',
    place: { file: 'apps/web/kustomization.yaml', line: 4 },
  };
  golden('error', await body([app('web', undefined, { error }), ...story().slice(0, 1)]));
});

test('a conflict is told with its files and nothing else is claimed', async () => {
  golden('conflict', await body([], { conflicts: ['apps/web/kustomization.yaml'] }));
});

test('text of strangers does nothing in the comment', async () => {
  const nasty = '```\n</details><script>alert(1)</script> @acme/admins #12 https://evil.example | ` ```` ';
  const text = await body([
    app('x</b>@bob|#1', {
      change: [changed(configMap('a', { k: '' }), configMap('a', { k: nasty }))],
      notes: [nasty],
      risks: [{ key: { group: '', kind: 'ConfigMap', namespace: 'shop', name: nasty }, text: nasty }],
    }),
  ]);
  golden('hostile', text);
  const outside = text.replace(/^(`{3,})diff\n[\s\S]*?\n\1$/gm, '').replace(/(`+)[^`][\s\S]*?\1/g, '');
  assert.doesNotMatch(outside, /<script|@(acme|bob)|#\d|https:\/\/evil/);
  assert.equal((text.match(/<details/g) ?? []).length, 2, 'its own and the legend');
});

/** Every fence that is opened is closed, and every details element too. */
function assertBalanced(text: string): void {
  let open = '';
  let details = 0;
  for (const line of text.split('\n')) {
    const fence = /^(`{3,})(.*)$/.exec(line);
    if (fence?.[1] && !open) open = fence[1];
    else if (fence && open && line.startsWith(open)) open = '';
    else if (!open) details += (line.match(/<details/g) ?? []).length - (line.match(/<\/details>/g) ?? []).length;
  }
  assert.equal(open, '');
  assert.equal(details, 0);
}

test('a comment of any size keeps within the budget and is never cut inside a fence', async () => {
  for (const [apps, objects, lines] of [
    [1, 1, 3000],
    [3, 40, 60],
    [1, 200, 40],
    [200, 3, 20],
    [900, 1, 5],
    [2, 1, 20_000],
  ] as const) {
    const data = (word: string): Record<string, string> =>
      Object.fromEntries(Array.from({ length: lines }, (_, at) => [`key${at}`, `${word}${at} ü`]));
    const many = Array.from({ length: apps }, (_, each) =>
      app(`app-${each}`, {
        change: [
          deleted(configMap('doomed', { a: 'b' })),
          ...Array.from({ length: objects }, (_unused, at) =>
            changed(configMap(`c${at}`, data('a')), configMap(`c${at}`, data('b'))),
          ),
        ],
      }),
    );
    const { body: text, diff: moved } = await renderComment({
      preview: preview(many),
      activity: '',
      publicUrl,
      refused: '',
    });
    assert.ok(sizeOf(text) <= bodyBudget, `${apps} applications: ${sizeOf(text)}`);
    assert.ok(sizeOf(moved) <= bodyBudget + 200);
    assert.ok(text.startsWith(`${commentMarker}\n### `));
    assert.match(text, /doomed/);
    assertBalanced(text);
    assertBalanced(moved);
  }
});

/** `count` changed objects; `read` is told of each whose lines are compared. */
function objects(count: number, read: () => void): ReturnType<typeof changed>[] {
  const lines = (word: string): Record<string, string> =>
    Object.fromEntries(Array.from({ length: 20 }, (_, at) => [`key${at}`, `${word}${at}`]));
  return Array.from({ length: count }, (_, at) => {
    const before = configMap(`c${at}`, lines('a'));
    const diff = changed(before, configMap(`c${at}`, lines('b')));
    return Object.defineProperty(diff, 'before', { get: () => (read(), before) });
  });
}

test('no diff is made that neither the comment nor the check has room for', async () => {
  let made = 0;
  const many = [app('web', { change: objects(2000, () => (made += 1)) })];
  const { body: text, diff: moved } = await renderComment({
    preview: preview(many),
    activity: '',
    publicUrl,
    refused: '',
  });
  assert.ok(made < 500, `${made} diffs`);
  const shown = new Set(`${text}\n${moved}`.match(/^\*\*`ConfigMap[^`]*`/gm)).size;
  assert.ok(shown > 100, `${shown} objects shown`);
  const left = /… and (\d+) more objects: `cox app diff` shows all of it/.exec(moved)?.[1];
  assert.equal(Number(left) + shown, 2000);
  assert.match(text, /… and \d+ more objects: `cox app diff`/);
});

test('what deletes is shown before a thousand changes of an application that is told first', async () => {
  const text = await body([
    app('first', { change: [deleted(configMap('a', {})), ...objects(1000, () => undefined)] }, { gated: true }),
    app('second', { change: [deleted(configMap('doomed', {}))] }),
  ]);
  assert.match(text, /\*\*`ConfigMap shop\/doomed`\*\* · \*\*deleted\*\*/);
});

test('while a long comment is written, others get their turn', async () => {
  let [turns, open] = [0, true];
  const turn = (): void => {
    turns += 1;
    if (open) setImmediate(turn);
  };
  setImmediate(turn);
  await body([app('web', { change: objects(1000, () => undefined) })]);
  open = false;
  assert.ok(turns > 1, `${turns} turns`);
});

test('a move of the base branch alone makes no other comment', async () => {
  const one = await body(story());
  const two = await body(story(), { base: 'e'.repeat(40) });
  assert.notEqual(one, two);
  assert.equal(withoutBase(one), withoutBase(two));
});

test('of equal risk, what waits for approval comes first', async () => {
  const [dev, prod] = story();
  const rows = (await body([dev, prod].flatMap((each) => each ?? [])))
    .split('\n')
    .filter((line) => line.startsWith('| 🔴'));
  assert.deepEqual(
    rows.map((row) => /\[(.*?)\]/.exec(row)?.[1]),
    ['checkout-prod', 'checkout-dev'],
  );
});

test('an application that is removed goes with its parent: nobody is told to approve or sync it', async () => {
  const text = await body([
    app('root', { change: [deleted(configMap('old-prod', {}))] }, { gated: true, approvals: 1 }),
    app(
      'old-prod',
      { change: [deleted(configMap('settings', {}))] },
      { status: 'removed', parent: 'argocd/root', automated: false },
    ),
  ]);
  assert.match(text, /\| goes with root \|/);
  assert.match(
    text,
    /- \*old-prod\* goes with what is listed above, as soon as \*root\* has synced\.\n- After the merge \*root\* waits/,
  );
  assert.doesNotMatch(text, /\/cox (approve|sync) old-prod/);
});

test('drift says which value is live, and what is missing is called so', async () => {
  const text = await body([
    app('web', {
      change: [],
      drift: [created(configMap('gone', {})), changed(deployment('web', 'web:1', 6), deployment('web', 'web:1'))],
    }),
  ]);
  assert.match(text, /`ConfigMap shop\/gone` is missing in the cluster\. Syncing creates it\./);
  assert.match(text, /`Deployment shop\/web` `spec\.replicas`: `6` live, `3` in Git\. Syncing sets it back\./);
});

test('an application whose object is refused is not called unchanged', async () => {
  const errors = [
    {
      key: { group: 'apps', kind: 'Deployment', namespace: 'shop', name: 'web' },
      code: 'E_MANIFEST',
      message: '.spec.replcas: field not declared in schema',
      place: { file: 'apps/web/web.yaml', line: 1 },
    },
  ];
  const text = await body([app('web', { change: [], errors })]);
  assert.match(text, /^### ❌ 1 application cannot be synced as it stands/m);
  assert.match(text, /\| \*\*error\*\* \| auto on merge \| – \|/);
  assert.match(
    text,
    new RegExp(
      /^❌ \*\*web\*\* cannot be synced · `apps\/web\/web\.yaml:1` · `E_MANIFEST`\n\n```\n/.source +
        /Deployment shop\/web: \.spec\.replcas: field not declared in schema\n```$/.source,
      'm',
    ),
  );
});

test('what stands between back-ticks in an answer is code, and nothing of a stranger is Markdown', () => {
  const answer = (message: string): string =>
    activityList(
      [
        {
          apiVersion: 'coxswain.dev/v1alpha1',
          kind: 'Request',
          metadata: { name: 'a', namespace: 'argocd' },
          spec: {
            verb: 'diff',
            args: { text: 'dif' },
            actor: { login: 'bob', id: 2, via: 'pull-request' },
            origin: { kind: 'comment', commentId: 1 },
            createdAt: '2024-01-01T00:00:00Z',
          },
          status: { phase: 'Refused', message },
        },
      ],
      () => undefined,
    ).split(' — ')[1] ?? '';
  assert.equal(
    answer('"dif" is not a command; did you mean `/cox diff`?'),
    '"dif" is not a command; did you mean `/cox diff`?',
  );
  assert.equal(answer('rejected: see #1, `@all` and *this*`'), 'rejected: see #\u200b1, `@all` and \\*this\\*\\`');
});

test('the diff that stays after the merge is cut where no fence and no element is open', async () => {
  const { diff } = await renderComment({ preview: preview(story()), activity: '', publicUrl, refused: '' });
  for (let budget = 0; budget < diff.length + 100; budget += 7) {
    const text = cutMarkdown(diff, budget);
    assert.ok(sizeOf(text) <= budget || text === '');
    assertBalanced(text);
  }
  assert.equal(cutMarkdown(diff, bodyBudget), diff);
});
