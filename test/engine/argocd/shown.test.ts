// What the gate does not hold beside Argo CD stands wherever people look: comment, tracker, card and page.
import type { Report } from '../../../src/model/report.ts';
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { approvalCard } from '../../../src/slack/approval-card.ts';
import { deletionNotices } from '../../../src/web/list-page.ts';
import { reportCard } from '../../../src/slack/report/report-card.ts';
import { applicationPage } from '../../../src/web/application-page.ts';
import { effectivePolicy } from '../../../src/policy/policy.ts';
import { renderComment } from '../../../src/github/markdown/comment.ts';
import { renderTracker } from '../../../src/github/markdown/tracker.ts';
import { app, changed, configMap, preview } from '../../github/markdown/sample.ts';
import { application, approval, placeOf } from '../../slack/sample.ts';

const told = [
  'is not held: Argo CD syncs it by itself, approved or not, because automated sync is on. ' +
    '`/cox hold web` opens the pull request that turns it off.',
  'was synced past the gate by mallory in Argo CD to 1234567',
];
const publicUrl = 'https://cox.example.com';

async function comment(sentences: string[]): Promise<string> {
  const change = [changed(configMap('web', { a: '1' }), configMap('web', { a: '2' }))];
  const shown = app('web', { change }, { gated: true, told: sentences });
  return (await renderComment({ preview: preview([shown]), activity: '', publicUrl, refused: '' })).body;
}

function tracker(sentences: string[]): string {
  const { pull } = preview([]);
  const shown = {
    application: 'argocd/web',
    name: 'web',
    environment: undefined,
    gated: true,
    automated: true,
    state: 'waiting' as const,
    message: 'waiting for approval',
    told: sentences,
    revision: 'a'.repeat(40),
  };
  const progress = { pull, apps: [shown], errors: [], final: false };
  return renderTracker({ progress, activity: '', publicUrl, refused: '' });
}

function card(sentences: string[]): string {
  return JSON.stringify(approvalCard(approval(), { ...placeOf(application({})), told: sentences }).blocks);
}

function page(sentences: string[]): string {
  const shown = application({});
  const view = { app: shown, resources: [], approvals: [], episodes: [], policy: effectivePolicy(shown, undefined) };
  return applicationPage({ ...view, told: sentences }, '').html;
}

const deletedAt = '2026-03-02T14:02:31Z';

function deletion(more: Partial<Report['status']> = {}): Report {
  const spec = { application: 'argocd/web', about: 'deletion' as const, since: deletedAt };
  return {
    apiVersion: 'coxswain.dev/v1alpha1',
    kind: 'Report',
    metadata: { name: 'web-f00', namespace: 'argocd' },
    spec,
    status: {
      phase: 'Deleted',
      message: 'was deleted past the gate. Still there: ConfigMap shop/<b>web</b>.',
      ...more,
    },
  };
}

test('card and front page say what was deleted past the gate, and what became of its objects', () => {
  const shown = JSON.stringify(reportCard(deletion(), placeOf(application({}))).blocks);
  assert.match(shown, /🔴/);
  assert.match(shown, /Nobody has approved it/);
  assert.match(shown, /Still there: ConfigMap shop\/&lt;b&gt;web/);
  const now = Date.parse(deletedAt) + 3_600_000;
  const front = deletionNotices([deletion()], now).html;
  assert.match(front, /argocd\/web/);
  assert.match(front, /Still there: ConfigMap shop\/&#60;b&#62;web/);
  for (const [told, at] of [
    [[], now],
    [[deletion()], now + 7 * 24 * 3_600_000],
    [[deletion({ approval: 'web-1' })], now],
    [[deletion({ phase: 'Superseded' })], now],
  ] as const)
    assert.doesNotMatch(deletionNotices(told, at).html, /section/);
});

test('the card of a deletion that people agreed to names the approval, and is red where something is left', () => {
  const shown = (more: Partial<Report['status']>): string =>
    JSON.stringify(reportCard(deletion({ approval: 'web-1', ...more }), placeOf(application({}))).blocks);
  assert.match(shown({}), /web-1/);
  assert.doesNotMatch(shown({}), /🔴|Nobody/);
  assert.match(shown({ left: 1 }), /🔴/);
  assert.match(deletionNotices([deletion({ approval: 'web-1', left: 1 })], Date.parse(deletedAt)).html, /Still there/);
});

const places = { comment, tracker, card, page };

for (const [name, show] of Object.entries(places)) {
  test(`the ${name} says that a gated application is not held, and who went past its gate`, async () => {
    const [with_, without] = [await show(told), await show([])];
    for (const words of [
      /Argo CD syncs it by itself, approved or not/,
      /synced past the gate by mallory in Argo CD/,
      /\/cox hold web/,
    ]) {
      assert.match(with_, words);
      assert.doesNotMatch(without, words);
    }
  });
}
