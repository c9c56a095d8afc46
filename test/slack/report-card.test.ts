// Cards of deploys and failures as people read them: golden files, Slack's limits, and hostile words.
import type { Report } from '../../src/model/report.ts';
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { reportCard, reportDetails } from '../../src/slack/report/report-card.ts';
import { troubleOf } from '../../src/slack/report/trouble.ts';
import { fits, golden } from './golden-file.ts';
import { application, commit, placeOf } from './sample.ts';

const [revision, from] = ['3c0ffee'.padEnd(40, '1'), 'deadbee'.padEnd(40, '2')];
const since = '2026-03-02T14:02:31Z';
const waits = { kind: 'Deployment', name: 'checkout', namespace: 'shop', group: 'apps', version: 'v1' };

function report(status: Partial<NonNullable<Report['status']>> = {}, spec: Partial<Report['spec']> = {}): Report {
  return {
    apiVersion: 'coxswain.dev/v1alpha1',
    kind: 'Report',
    metadata: { name: 'checkout-prod-f00', namespace: 'argocd' },
    spec: { application: 'argocd/checkout-prod', about: 'deploy', since, revision, from, ...spec },
    status: { phase: 'Open', ...status },
  };
}

/** The application while it is deployed, three waves, the second under way. */
function deploying(): ReturnType<typeof application> {
  const resources = [0, 1, 1, 2].map((syncWave, at) => ({ ...waits, name: `checkout-${at}`, syncWave }));
  const results = resources.slice(0, 3).map((item) => ({ ...item, status: 'Synced' as const }));
  const operation = { sync: { revision } };
  return application(
    {
      resources,
      operationState: {
        phase: 'Running',
        message: 'waiting for healthy state of apps/Deployment/checkout-1',
        startedAt: since,
        operation,
        syncResult: { revision, resources: results },
      },
    },
    { operation },
  );
}

const trouble = { kind: 'sync' as const, says: 'could not be synced', cause: 'Deployment/checkout: image is invalid' };
const place = { ...placeOf(deploying(), commit), authors: ['Ana', 'Bo <!channel>'] };

const cards = {
  'deploy-runs': () => reportCard(report({}, { by: 'bob' }), place),
  'deploy-live': () => reportCard(report({ phase: 'Live', message: 'took 2 min 41 s' }), place),
  'deploy-fails': () => reportCard(report({ trouble }), place),
  'deploy-superseded': () => reportCard(report({ phase: 'Superseded', message: 'the deploy of b0b followed' }), place),
  'failure-degraded': () =>
    reportCard(
      report(
        { again: 2, trouble: { kind: 'degraded', says: 'is Degraded', cause: 'Deployment/checkout: no <@U1> pods' } },
        { about: 'failure' },
      ),
      place,
    ),
  'failure-recovered': () =>
    reportCard(report({ phase: 'Recovered', message: 'is well again' }, { about: 'failure' }), place),
};

for (const [name, make] of Object.entries(cards)) {
  test(`the card "${name}" reads as its golden file`, () => {
    fits(make());
    golden(name, make());
  });
}

test('the thread tells every object in the words of the cluster, and fits however many and long they are', () => {
  const ill = Array.from({ length: 40 }, (_, at) => ({
    ...waits,
    name: `checkout-${at}`,
    health: { status: 'Degraded' as const, message: '<!channel> `*_'.repeat(500) },
  }));
  const details = reportDetails(report({ trouble }), place, ill);
  assert.ok(details);
  fits(details);
  assert.match(JSON.stringify(details.blocks), /and 32 more objects/);
  assert.equal(reportDetails(report({ phase: 'Live' }), place, ill), undefined);
});

test('what is wrong is one sentence with its cause: a failed sync, an ill object, an error, what lasts', () => {
  const now = Date.parse(since) + 60_000;
  const failed = application({
    sync: { status: 'OutOfSync', revision },
    operationState: {
      phase: 'Failed',
      message: 'one or more tasks failed',
      startedAt: since,
      operation: { sync: {} },
      syncResult: { revision, resources: [{ ...waits, status: 'SyncFailed', message: 'is\n invalid' }] },
    },
  });
  assert.deepEqual(troubleOf(failed, now), {
    kind: 'sync',
    since,
    says: 'could not be synced',
    cause: 'Deployment/checkout: is invalid',
  });
  const moved = { ...failed, status: { ...failed.status, sync: { status: 'Synced' as const, revision: from } } };
  assert.equal(troubleOf(moved, now), undefined, 'Git has taken it back');
  const health = (status: 'Degraded' | 'Progressing'): ReturnType<typeof application> =>
    application({ health: { status, message: 'Caused by Deployment/checkout', lastTransitionTime: since } });
  const ill = [{ ...waits, health: { status: 'Degraded' as const, message: 'no pods' } }];
  assert.equal(troubleOf(health('Degraded'), now, ill)?.cause, 'Deployment/checkout: no pods');
  assert.equal(troubleOf(health('Degraded'), now)?.cause, 'Caused by Deployment/checkout');
  assert.equal(troubleOf(health('Progressing'), now), undefined);
  assert.equal(troubleOf(health('Progressing'), now + 600_000)?.says, 'has not become healthy');
  const unknown = application({
    sync: { status: 'Unknown' },
    conditions: [{ type: 'ComparisonError', message: 'no route to host', lastTransitionTime: since }],
  });
  assert.match(troubleOf(unknown, now)?.says ?? '', /what is shown of it may be old/);
});
