// What Argo CD, the cluster or a webhook wrote, on every card that shows it: it mentions nobody, holds no value of a
// Secret, and no more than a card has room for.
import type { OperationState } from '../../src/model/application.ts';
import type { Report } from '../../src/model/report.ts';
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { approvalCard } from '../../src/slack/approval-card.ts';
import { episodeCard } from '../../src/slack/drift-card.ts';
import { reportCard, reportDetails } from '../../src/slack/report/report-card.ts';
import { troubleOf } from '../../src/slack/report/trouble.ts';
import { application, approval, episode, placeOf, syncing } from './sample.ts';

const at = '2026-03-02T14:02:31Z';
const deployment = { group: 'apps', version: 'v1', kind: 'Deployment', namespace: 'shop', name: 'checkout' };

/** All cards on which those words can come to stand. */
function cardsWith(message: string): { text: string; blocks: unknown }[] {
  const cards: { text: string; blocks: unknown }[] = [];
  const failed: OperationState = {
    phase: 'Failed',
    message,
    startedAt: at,
    finishedAt: at,
    operation: { initiatedBy: { username: 'bob' }, sync: {} },
  };
  const apps = [
    application({ operationState: failed }),
    application({
      operationState: {
        ...failed,
        syncResult: { revision: '', resources: [{ ...deployment, status: 'SyncFailed', message }] },
      },
    }),
    application({ health: { status: 'Degraded', message } }),
    application({ sync: { status: 'Unknown' }, conditions: [{ type: 'ComparisonError', message }] }),
    application({ operationState: { ...failed, phase: 'Running' } }, { operation: { sync: {} } }),
  ];
  for (const app of apps) {
    const trouble = troubleOf(app, Date.parse(at) + 3_600_000, [
      { ...deployment, status: 'Synced', health: { status: 'Degraded', message } },
    ]);
    assert.ok(trouble);
    const report: Report = {
      apiVersion: 'coxswain.dev/v1alpha1',
      kind: 'Report',
      metadata: { name: 'r', namespace: 'argocd' },
      spec: { application: 'argocd/checkout-prod', about: 'failure', since: at },
      status: { phase: 'Open', trouble },
    };
    cards.push(reportCard(report, placeOf(app)));
    const details = reportDetails(report, placeOf(app));
    if (details) cards.push(details);
  }
  cards.push(approvalCard(approval({ phase: 'Approved' }), placeOf(syncing('Failed', message))));
  cards.push(approvalCard(approval({ phase: 'Approved' }), placeOf(syncing('Running', message))));
  const operation = {
    initiatedBy: { username: 'bob' },
    sync: { resources: [{ kind: 'Deployment', name: 'checkout' }] },
  };
  const reverting = episode({ phase: 'Reverting', endedBy: { login: 'bob', id: 1, via: 'slack' } });
  cards.push(episodeCard(reverting, placeOf(application({ operationState: { ...failed, operation } }))));
  return cards;
}

function mrkdwnIn(value: unknown): string[] {
  if (Array.isArray(value)) return value.flatMap(mrkdwnIn);
  if (typeof value !== 'object' || value === null) return [];
  const own = 'type' in value && value.type === 'mrkdwn' && 'text' in value ? [String(value.text)] : [];
  return [...own, ...Object.values(value).flatMap(mrkdwnIn)];
}

test('words from outside mention nobody and link nowhere, wherever they come to stand', () => {
  const evil = 'failed <!channel> <https://evil.test|log in> *now* `x` \u202e';
  for (const card of cardsWith(evil)) {
    const all = JSON.stringify(card);
    assert.match(all, /evil\.test/, 'they are told');
    for (const text of [card.text, ...mrkdwnIn(card)]) assert.doesNotMatch(text, /<!channel>|<https:\/\/evil/);
    assert.ok(!/"type":"(user|usergroup|broadcast|channel)"|"url":"https:\/\/evil|\u202e/.test(all));
  }
});

test('words from outside hold no value of a Secret and no credentials, wherever they come to stand', () => {
  for (const evil of [
    'one or more objects failed to apply, reason: Secret "login" is invalid: data.password: Invalid value: "hunter2"',
    'failed to list refs: https://bot:hunter2@git.example/acme/infra.git',
  ])
    for (const card of cardsWith(evil)) assert.doesNotMatch(JSON.stringify(card), /hunter2/);
});

test('words from outside take no more room than a card has, however long they are', () => {
  const length = Math.max(...cardsWith('x '.repeat(100_000)).map((card) => JSON.stringify(card).length));
  assert.ok(length < 9_000, String(length));
});
