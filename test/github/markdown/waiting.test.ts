// What waits for approval after a merge: both values of each field, risks, author and deletions stand where it is
// asked.
import type { AppProgress, PullProgress } from '../../../src/change/pull.ts';
import type { Approval } from '../../../src/model/coxswain.ts';
import type { ShownDiff } from '../../../src/github/markdown/record.ts';
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { approvalCheck } from '../../../src/github/markdown/check-content.ts';
import { renderComment } from '../../../src/github/markdown/comment.ts';
import { sectionOf } from '../../../src/github/markdown/record.ts';
import { renderTracker } from '../../../src/github/markdown/tracker.ts';
import { app, changed, configMap, deleted, preview } from './sample.ts';

const publicUrl = 'https://cox.example.com';
const digest = 'k7f29qpdk7f29qpd';
const key = (name: string): Approval['spec']['operations'][number]['key'] => ({
  group: '',
  kind: 'ConfigMap',
  namespace: 'shop',
  name,
});

async function shownDiff(lines = 1): Promise<ShownDiff> {
  const data = (word: string): Record<string, string> =>
    Object.fromEntries(Array.from({ length: lines }, (_, at) => [`LEVEL${at}`, word]));
  const change = [
    changed(configMap('web', data('info')), configMap('web', data('debug'))),
    deleted(configMap('old', { a: 'b' })),
  ];
  const risks = [{ key: key('old'), text: 'is deleted in production' }];
  const apps = [app('web', { change, risks }, { gated: true, approvals: 1 }), app('other', { change: [] })];
  const { diff } = await renderComment({ preview: preview(apps), activity: '', publicUrl, refused: '' });
  return { text: diff, head: 'c'.repeat(40), url: 'https://github.com/acme/infra/runs/1', versions: '' };
}

function waiting(of: string): PullProgress {
  const approval: Approval = {
    apiVersion: 'coxswain.dev/v1alpha1',
    kind: 'Approval',
    metadata: { name: 'web-1', namespace: 'argocd' },
    spec: {
      application: 'argocd/web',
      digest: of,
      revision: 'a'.repeat(40),
      operations: [
        { op: 'change', key: key('web'), phase: 'Sync', wave: 0, fields: [['data.LEVEL0', 'x']] },
        { op: 'delete', key: key('old'), phase: 'Sync', wave: 0 },
      ],
      ranges: [],
      authors: [
        { login: 'ben', id: 4, did: 'wrote commit 1234567' },
        { login: 'ada', id: 1, did: 'opened #7' },
      ],
    },
    status: {
      phase: 'Pending',
      approvals: [{ actor: { login: 'grace', id: 3, via: 'slack' }, at: '2024-01-01T00:00:00Z' }],
    },
  };
  const found: AppProgress = {
    application: 'argocd/web',
    name: 'web',
    environment: 'prod',
    gated: true,
    automated: true,
    state: 'waiting',
    message: 'waits',
    revision: 'a'.repeat(40),
    approval,
  };
  const { pull } = preview([]);
  return { pull: { ...pull, merged: { sha: 'd'.repeat(40) } }, apps: [found], errors: [], final: false };
}

function blockOf(shown: ShownDiff, of = digest): string {
  const body = renderTracker({ progress: waiting(of), activity: '', publicUrl, refused: '', shown });
  return body.slice(0, body.indexOf('<b>The diff as it was shown before the merge</b>'));
}

test('what waits shows both values, the risk, all authors, who agreed, and deletions by name first', async () => {
  const block = blockOf(await shownDiff());
  assert.match(block, /🗑️ deletes `ConfigMap shop\/old`\n- ✏️ changes/);
  assert.match(block, /-\s+LEVEL0: info\n\+\s+LEVEL0: debug/);
  assert.match(block, /- ⚠️ `ConfigMap shop\/old`: is deleted in production/);
  assert.match(
    block,
    /Made by ben \(wrote commit 1234567\), ada \(opened #\u200b7\)\. Approved so far by `grace`\. Needs/,
  );
  const check = approvalCheck(waiting(digest), await shownDiff());
  assert.match(check?.summary ?? '', /^Opened by `ada`\./);
  assert.match(check?.summary ?? '', /  - Made by ben \(wrote commit 1234567\), ada/);
  assert.match(check?.text ?? '', /⚠️ `ConfigMap shop\/old`: is deleted in production[^]*\+\s+LEVEL0: debug/);
});

test('another effect than the pull request showed is called so, and none of its values are shown for it', async () => {
  const block = blockOf(await shownDiff(), 'ffff29qpdk7f29qpd');
  assert.match(block, /It is not the effect that the pull request showed\. Line by line: \[web\]/);
  assert.doesNotMatch(block, /LEVEL0: debug/);
});

test('where what was shown is not known, or may be cut, nothing is claimed of it', async () => {
  const known = await shownDiff();
  for (const shown of [
    { ...known, text: '' },
    { ...known, text: 'x'.repeat(60_000) },
  ]) {
    assert.doesNotMatch(blockOf(shown), /not the effect/);
    assert.doesNotMatch(approvalCheck(waiting(digest), shown)?.summary ?? '', /not the effect|field by field/);
  }
});

test('what is too long for the row is cut between objects, and the row says where the rest is', async () => {
  const block = blockOf(await shownDiff(600));
  assert.match(block, /is deleted in production[^]*The rest stands below; line by line: \[web\]/);
  assert.equal((block.match(/^```/gm) ?? []).length % 2, 0);
});

test('a heading of ours in a fence of a stranger is no heading', () => {
  const heading = `#### <b>web</b> · ~1 · digest <code>${digest.slice(0, 12)}</code>`;
  const other = `#### <b>api</b> · ~1 · digest <code>${digest.slice(0, 12)}</code>`;
  const shown = (text: string): ShownDiff => ({ text, head: 'c', url: '', versions: '' });
  assert.equal(sectionOf(shown(`\`\`\`\n${heading}\nharmless\n\`\`\``), 'web', digest), undefined);
  assert.equal(sectionOf(shown(`${other}\n\nharmless`), 'web', digest), undefined);
  assert.equal(
    sectionOf(shown(`${heading}\n\none\n\n${other}\n\ntwo\n\n${heading}\n\nthree`), 'web', digest),
    'one\n\n\nthree',
  );
  assert.equal(sectionOf(undefined, 'web', digest), undefined);
});
