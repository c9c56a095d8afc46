// What is told of a deploy or a failure, by whom, and when it is over: the rules alone.
import type { Application, OperationState, ResourceResult } from '../../src/model/application.ts';
import type { Approval } from '../../src/model/coxswain.ts';
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { deployedSince } from '../../src/chatops/revert.ts';
import { ofOne } from '../../src/slack/inbox.ts';
import { deploysOf } from '../../src/slack/report/deploy.ts';
import { isHeld, tellsDeploy, tellsTrouble } from '../../src/slack/report/told-by-approval.ts';
import { stuckAt, troubleOf } from '../../src/slack/report/trouble.ts';
import { application } from './sample.ts';

const [revision, other] = ['3c0ffee'.padEnd(40, '1'), 'deadbee'.padEnd(40, '2')];
const [began, ended, later] = ['2026-03-02T14:02:31Z', '2026-03-02T14:03:00Z', '2026-03-02T14:04:00Z'];
const now = Date.parse(later);
const job = { group: 'batch', version: 'v1', kind: 'Job', namespace: 'shop', name: 'migrate' };

function failed(row: Partial<ResourceResult>, more: Partial<OperationState> = {}): OperationState {
  return {
    phase: 'Failed',
    startedAt: began,
    finishedAt: ended,
    operation: { sync: {} },
    syncResult: { revision, resources: [{ ...job, ...row }] },
    ...more,
  };
}

const synced = (at: string, more: Partial<NonNullable<Application['status']>> = {}): typeof more => ({
  sync: { status: 'Synced', revision: at },
  reconciledAt: later,
  history: [],
  ...more,
});

test('a failed sync is over once Git and the cluster agree after it, in whatever way its revision is told', () => {
  const operationState = failed({ status: 'SyncFailed' });
  assert.equal(troubleOf(application({ ...synced(revision), operationState }), now), undefined);
  assert.ok(troubleOf(application({ ...synced(revision, { reconciledAt: began }), operationState }), now));
  const several = failed({ status: 'SyncFailed' }, { syncResult: { revision: '', revisions: [revision, other] } });
  const sync = { status: 'Synced' as const, revisions: [revision, other] };
  const same = application({ ...synced('', { sync, reconciledAt: began }), operationState: several });
  assert.ok(troubleOf(same, now), 'the same revision of several sources');
});

test('a hook that failed is not well again because another commit came: a later sync is what ends it', () => {
  const operationState = failed({ hookType: 'PostSync', hookPhase: 'Failed' });
  assert.equal(troubleOf(application({ ...synced(other), operationState }), now)?.kind, 'sync');
  const history = [{ id: 5, revision: other, deployedAt: later }];
  assert.equal(troubleOf(application({ ...synced(other, { history }), operationState }), now), undefined);
});

test('a failed sync of some objects alone is no failure of the application', () => {
  const partial = { operation: { sync: { resources: [{ kind: 'Job', name: 'migrate' }] } } };
  assert.equal(troubleOf(application({ operationState: failed({ status: 'SyncFailed' }, partial) }), now), undefined);
});

test('what waits for a sync window or a lock is not stuck', () => {
  const running = (message: string): Application =>
    application(
      { operationState: { phase: 'Running', startedAt: began, operation: { sync: {} }, message } },
      { operation: { sync: {} } },
    );
  const held = running('Sync operation blocked by sync window');
  assert.deepEqual([troubleOf(held, now + 3_600_000), stuckAt(held)], [undefined, undefined]);
  assert.equal(troubleOf(running('waiting for hooks'), now + 3_600_000)?.kind, 'stuck');
  const annotations = { 'coxswain.dev/lock': '{"by":"ann","reason":"no Friday"}' };
  const locked = running('locked by ann: no Friday');
  assert.equal(troubleOf(locked, now + 3_600_000)?.kind, 'stuck', 'nothing locks it');
  locked.metadata.annotations = annotations;
  assert.deepEqual([troubleOf(locked, now + 3_600_000), stuckAt(locked)], [undefined, undefined]);
});

test('a sync that ended before it touched anything is no deploy', () => {
  const history = [{ id: 0, revision: other, deployedAt: began, deployStartedAt: began }];
  const deploys = (operationState: OperationState): string[] =>
    deploysOf(application({ history, operationState }), now).map((deploy) => deploy.revision);
  const startedAt = ended;
  assert.deepEqual(deploys(failed({ status: 'SyncFailed' }, { startedAt })), [other, revision]);
  assert.deepEqual(deploys(failed({}, { startedAt, syncResult: { revision, resources: [] } })), [other]);
});

test('an Approval tells of a deploy where a card of it stands, and of trouble while that still changes', () => {
  const approval = (phase: string, card?: { ts?: string; final?: boolean }): Approval =>
    ({
      spec: { revision },
      status: { phase, ...(card && { cards: { C1: { intent: 'i', at: began, ...card } } }) },
    }) as unknown as Approval;
  const tells = (each: Approval): boolean[] => [tellsDeploy(each, revision), tellsTrouble(each, revision)];
  assert.deepEqual(tells(approval('Applied')), [false, false], 'nobody was told');
  assert.deepEqual(tells(approval('Approved', {})), [false, false]);
  assert.deepEqual(tells(approval('Applied', { ts: '1' })), [true, true]);
  assert.deepEqual(tells(approval('Applied', { ts: '1', final: true })), [true, false]);
  const held = (phase: string): boolean => isHeld(approval(phase), revision);
  assert.deepEqual(['Pending', 'Rejected', 'Expired', 'Approved'].map(held), [true, true, true, false]);
  assert.equal(isHeld(approval('Rejected'), other), false);
});

test('a revert that was asked for on an old card is refused once another revision was deployed', () => {
  const deployed = application({ history: [{ id: 5, revision: other, deployedAt: later }] });
  assert.equal(deployedSince(deployed, revision), other);
  assert.equal(deployedSince(deployed, other), undefined);
  assert.equal(deployedSince(deployed, undefined), undefined, 'from a terminal the last deploy is meant');
});

test('what a card names is one application that stands, never a pattern that selects others', () => {
  const app = application();
  const applications = { get: (key: string) => (key === 'argocd/checkout-prod' ? app : undefined) };
  const wanted = (named: string) => ({ verb: 'sync' as const, application: named, args: {} });
  assert.ok(ofOne({ applications }, wanted('argocd/checkout-prod')));
  for (const named of ['*', 'env=prod', 'checkout-prod', ''])
    assert.equal(ofOne({ applications }, wanted(named)), undefined);
});

test('of a Secret that could not be synced its name is told, and not the message, which may hold its values', () => {
  const secret = { group: '', version: 'v1', kind: 'Secret', name: 'login', message: '.data.x: got &value{12345}' };
  const app = application({ operationState: failed({ ...secret, status: 'SyncFailed' }, { message: 'got 12345' }) });
  const trouble = troubleOf(app, now);
  assert.equal(trouble?.cause, 'Secret/login: it may quote a Secret: the words stand in the cluster alone');
});
