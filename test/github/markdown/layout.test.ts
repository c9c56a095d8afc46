// Many applications in one comment: what is alike is said once, what is unchanged is left out, and little stands open.
import type { AppPreview } from '../../../src/change/pull.ts';
import type { KubeObject } from '../../../src/model/kube.ts';
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { renderComment } from '../../../src/github/markdown/comment.ts';
import { diffAnswer } from '../../../src/github/markdown/whole-diff.ts';
import { golden } from './golden.ts';
import { app, changed, configMap, deleted, deployment, preview } from './sample.ts';

const publicUrl = 'https://cox.example.com';

async function shown(apps: AppPreview[]): Promise<{ body: string; diff: string }> {
  return renderComment({ preview: preview(apps), activity: '', publicUrl, refused: '' });
}

const bump = changed(deployment('api', 'api:1'), deployment('api', 'api:2'));

function lines(word: string, count: number): Record<string, string> {
  return Object.fromEntries(Array.from({ length: count }, (_, at) => [`key${at}`, `${word}${at}`]));
}

function times(text: string, pattern: RegExp): number {
  return [...text.matchAll(pattern)].length;
}

/** The text of what stands open: without what is folded. */
function unfolded(text: string): string {
  let [depth, open] = [0, ''];
  for (const line of text.split('\n')) {
    if (line.startsWith('<details>')) depth += 1;
    if (depth === 0) open += `${line}\n`;
    if (line.startsWith('</details>') && depth > 0) depth -= 1;
  }
  return open;
}

test('what changes alike in twelve applications is shown once, with the list and every digest', async () => {
  const apps = Array.from({ length: 12 }, (_, at) => {
    const [before, after] = ['api:1', 'api:2'].map((image) => {
      const object = deployment('api', image);
      return { ...object, metadata: { ...object.metadata, namespace: `shop-${at}` } };
    }) as [KubeObject, KubeObject];
    const diff = changed(before, after);
    return app(`shop-${String(at).padStart(2, '0')}`, {
      change: [{ ...diff, key: { ...diff.key, namespace: `shop-${at}` } }],
      digest: `digest${String(at).padStart(2, '0')}`,
    });
  });
  const { body, diff } = await shown(apps);
  golden('alike', body);
  for (const text of [body, diff]) {
    assert.equal(times(text, /^\+.*image: api:2$/gm), 1);
    for (let at = 0; at < 12; at += 1) assert.match(text, new RegExp(`<code>digest${String(at).padStart(2, '0')}<`));
  }
});

test('an application that changes alike and in one thing more shows that one thing alone', async () => {
  const own = changed(configMap('own', { a: '1' }), configMap('own', { a: '2' }));
  const { body } = await shown([app('first', { change: [bump] }), app('second', { change: [bump, own] })]);
  const section = /<summary><b>second<\/b>[^]*?<\/details>/.exec(body)?.[0] ?? '';
  assert.match(section, /- as in \*\*first\*\*: `Deployment shop\/api`/);
  assert.match(section, /\+ {2}a: "2"/);
  assert.doesNotMatch(section, /image/);
});

test('other values, and Secrets whatever they look like, are not called the same', async () => {
  const secret = { ...configMap('keys', { token: '+++' }), kind: 'Secret' };
  const hidden = changed({ ...secret, data: { token: '++' } }, secret);
  const other = changed(deployment('api', 'api:1'), deployment('api', 'api:3'));
  const { body } = await shown([app('first', { change: [bump, hidden] }), app('second', { change: [other, hidden] })]);
  assert.doesNotMatch(body, /the same in|as in \*\*/);
  assert.equal(times(body, /^\*\*`Secret/gm), 2);
});

test('a deletion in many applications is one line of the warning', async () => {
  const apps = Array.from({ length: 20 }, (_, at) => app(`shop-${at + 10}`, { change: [deleted(configMap('x', {}))] }));
  const { body } = await shown(apps);
  assert.match(body, /> - \*\*shop-10\*\*, .* and 12 more: deletes `ConfigMap shop\/x`$/m);
  assert.equal(times(body, /deletes `ConfigMap shop\/x`/g), 1);
});

test('an application of which no object changes has neither row nor section', async () => {
  const { body } = await shown([
    app('web', { change: [bump] }),
    app('quiet', {}, { status: 'unchanged' }),
    app('drifted', { drift: [bump] }, { status: 'unchanged' }),
  ]);
  assert.match(body, /^The inputs of \*quiet\* changed, but no object does\.$/m);
  assert.doesNotMatch(body, /<b>quiet<|\[quiet\]/);
  assert.match(body, /<b>drifted</);
});

test('the riskiest stand open until four thousand characters are used', async () => {
  const big = (name: string, count: number): ReturnType<typeof changed> =>
    changed(configMap(name, lines('a', count)), configMap(name, lines('b', count)));
  const apps = [
    app('docs', { change: [big('docs', 30)] }),
    app('web', { change: [big('web', 70), big('more', 70)] }, { gated: true }),
    app('api', { change: [deleted(configMap('gone', { a: 'b' })), big('huge', 900)] }),
  ];
  const { body } = await shown(apps);
  assert.deepEqual(
    [...body.matchAll(/<details( open)?><summary><b>(\w+)<\/b>/g)].map(([, open, name]) => [name, open !== undefined]),
    [
      ['api', true],
      ['web', false],
      ['docs', false],
    ],
  );
  assert.match(unfolded(body), /`ConfigMap shop\/gone`\*\* · \*\*deleted/);
  assert.doesNotMatch(unfolded(body), /huge|key1:/);
  assert.match(body, /<summary><code>ConfigMap shop\/huge<\/code> · changed · \+900 −900 lines<\/summary>/);
  const small = await shown([app('web', { change: [big('web', 30), big('more', 70)] })]);
  assert.match(unfolded(small.body), /\+ {2}key1: b1$/m);
});

test('an error of many applications is said once and whole, with all of them', async () => {
  const message = `first line\n${'x'.repeat(3000)}\nlast line`;
  const error = { code: 'E_RENDER', message, place: { file: 'base/kustomization.yaml', line: 4 }, hint: 'Mend it.' };
  const apps = Array.from({ length: 10 }, (_, at) => app(`shop-${at}`, undefined, { error }));
  const { body, diff } = await shown(apps);
  for (const text of [body, diff, await diffAnswer(preview(apps), undefined)]) {
    assert.equal(times(text, /last line/g), 1);
    assert.match(
      text,
      /^❌ \*\*shop-0\*\*, .* and 2 more cannot be synced · `base\/kustomization.yaml:4` · `E_RENDER`$/m,
    );
  }
});

test('beyond thirty the applications of the table are one click away', async () => {
  const { body } = await shown(Array.from({ length: 45 }, (_, at) => app(`app-${at + 10}`, { change: [bump] })));
  assert.match(body, /<details><summary>15 more applications<\/summary>/);
  assert.equal(times(body, /^\| 🟢/gm), 45);
});
