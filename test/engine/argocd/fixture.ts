// A gated application that Argo CD works on, with a stand-in for Argo CD.
import type { TestContext } from 'node:test';
import type { Report } from '../../../src/model/report.ts';
import type { Operation } from '../../../src/model/application.ts';
import type { Stage } from '../fixture.ts';
import type { StandIn } from '../../beside/stand-in.ts';
import assert from 'node:assert/strict';
import { approve, requestSync } from '../../../src/engine/request.ts';
import { approvalIn, isSynced, patchApp, requests } from '../manifests.ts';
import { standIn } from '../../beside/stand-in.ts';
import { stage } from '../fixture.ts';
import { bob, gate } from '../approval/fixture.ts';

export interface Beside {
  s: Stage;
  argo: StandIn;
  /** Every operation that was seen on the application. */
  operations: Operation[];
}

/** A gated application `gates` of `gates/`, with the stand-in for Argo CD. */
export async function beside(
  t: TestContext,
  files: Record<string, string>,
  syncPolicy: Record<string, unknown> = {},
): Promise<Beside> {
  const s = await stage(t, files, { engine: 'argocd' });
  const argo = await standIn(t, s);
  await s.project('gated', gate);
  await s.apply('gates', { project: 'gated', syncPolicy });
  await argo.refresh('gates');
  const operations: Operation[] = [];
  s.store.applications.onChange((_key, app, before) => {
    if (app?.operation && !before?.operation) operations.push(app.operation);
  });
  return { s, argo, operations };
}

/** Bob asks for a sync of it. */
export function ask(s: Stage, name: string, what = {}): ReturnType<typeof requestSync> {
  return requestSync(
    { ...requests(s), handOver: s.engine.handOver },
    { application: `${s.namespace}/gates`, request: name, actor: bob, ...what },
  );
}

/** Bob approves what it waits for. */
export async function agree(s: Stage): Promise<void> {
  const outcome = await approve(requests(s), { application: `${s.namespace}/gates`, actor: bob, teams: [] });
  assert.equal(outcome.done, true, outcome.message);
}

/** Brings the first state into the cluster. */
export async function deployed(t: TestContext, files: Record<string, string>, syncPolicy = {}): Promise<Beside> {
  const made = await beside(t, files, syncPolicy);
  await approvalIn(made.s, 'gates', 'Pending');
  await agree(made.s);
  await approvalIn(made.s, 'gates', 'Applied');
  return made;
}

export const finalizers = ['resources-finalizer.argocd.argoproj.io'];

export function ref(s: Stage, kind: string, name: string): Parameters<Stage['cluster']['api']['delete']>[0] {
  return { group: kind === 'Application' ? 'argoproj.io' : '', kind, namespace: s.namespace, name };
}

/** Report of the deletion of that application. */
export function reportIn(s: Stage, phase: string, name = 'gates'): Promise<Report> {
  return s.untilStore(`the deletion of ${name} is ${phase}`, () =>
    s.store.reports
      .of(`${s.namespace}/${name}`)
      .find(({ spec, status }) => spec.about === 'deletion' && status?.phase === phase),
  );
}

/** With everything below gates/ in the cluster; with the finalizer unless told otherwise. */
export async function compared(s: Stage, cascading = true): Promise<void> {
  if (cascading) await patchApp(s, 'gates', { metadata: { finalizers } });
  await s.until(
    'gates',
    'compared',
    (each) =>
      isSynced(each) &&
      each.status?.resources?.length === 2 &&
      each.metadata.finalizers?.length === (cascading ? 1 : undefined),
  );
  await s.untilStore('it is known what it has', () =>
    s.store.records.get(`${s.namespace}/gates`)?.spec.had?.[0]?.objects.length === 2 ? true : undefined,
  );
}

export function goneFromStore(s: Stage, name: string): Promise<true> {
  return s.untilStore(`${name} is gone`, () =>
    s.store.applications.get(`${s.namespace}/${name}`) === undefined ? true : undefined,
  );
}
