// What the gate does not hold beside Argo CD stands wherever people look: comment, tracker, card and page.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { approvalCard } from '../../../src/slack/approval-card.ts';
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
