// Orphaned resources: what is in an application's namespace and belongs to no application is told where its project
// wants that, as soon as it comes or goes.
import type { Application } from '../../../src/model/application.ts';
import type { KubeObject } from '../../../src/model/kube.ts';
import type { Stage } from '../fixture.ts';
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { orphansSeen } from '../../../src/engine/orphans.ts';
import { effectivePolicy } from '../../../src/policy/policy.ts';
import { applicationPage } from '../../../src/web/application-page.ts';
import { automated, config, synced } from '../manifests.ts';
import { stage } from '../fixture.ts';

function warning({ status }: Application): string | undefined {
  return status?.conditions?.find(({ type }) => type === 'OrphanedResourceWarning')?.message;
}

function told(s: Stage, name: string, message: string | undefined): Promise<Application> {
  return s.until(name, message ?? 'no orphans', (app) => app.status?.sync !== undefined && warning(app) === message);
}

function strayOf(s: Stage, name: string): KubeObject {
  return { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name, namespace: s.namespace }, data: {} };
}

function names(s: Stage, app: Application): string[] {
  return orphansSeen(s.store, app, s.engine).map(({ kind, name }) => `${kind}/${name}`);
}

test('orphans are told as they come and go, but for what is in every namespace, ignored, or of others', async (t) => {
  const s = await stage(t, { 'web/a.yaml': config('web', '1'), 'beside/a.yaml': config('beside', '1') });
  const ignore = [
    { group: '', kind: 'ConfigMap', name: 'ours-*' },
    { group: '', kind: 'Secret' },
    // What the test itself makes there and takes away.
    { group: 'argoproj.io', kind: '*' },
  ];
  await s.project('watched', {}, { orphanedResources: { warn: true, ignore } });
  await s.apply('beside', { syncPolicy: automated });
  await synced(s, 'beside');
  await s.apply('web', { project: 'watched', syncPolicy: automated });
  // Settings, projects and applications of the test are in the same namespace.
  const settled = await s.until('web', 'Synced', (app) => app.status?.sync?.status === 'Synced' && !app.operation);
  const before = names(s, settled);
  assert.ok(
    !before.some((each) =>
      /ours-|Secret|kube-root-ca|ConfigMap.web|ConfigMap.beside|ServiceAccount\/default/.test(each),
    ),
    `${before}`,
  );
  const counted = (more: number): string | undefined =>
    before.length + more > 0 ? `Application has ${before.length + more} orphaned resources` : undefined;
  await told(s, 'web', counted(0));
  await s.cluster.api.apply(strayOf(s, 'ours-1'), { manager: 'test' });
  await s.cluster.api.apply(strayOf(s, 'stray'), { manager: 'test' });
  const app = await told(s, 'web', counted(1));
  assert.deepEqual(
    names(s, app).filter((each) => !before.includes(each)),
    ['ConfigMap/stray'],
  );
  const page = applicationPage(
    {
      app,
      resources: [],
      approvals: [],
      episodes: [],
      policy: effectivePolicy(app, undefined),
      orphans: orphansSeen(s.store, app, s.engine),
    },
    '../../',
  );
  assert.match(page.html, /of no application<\/summary>[^]*<li>ConfigMap [^<]*stray<\/li>/);
  await s.cluster.api.delete({ group: '', kind: 'ConfigMap', namespace: s.namespace, name: 'stray' });
  await told(s, 'web', counted(0));
  // Its objects stay, and are nobody's.
  await s.cluster.api.delete({ group: 'argoproj.io', kind: 'Application', namespace: s.namespace, name: 'beside' });
  await told(s, 'web', counted(1));
  await s.apply('beside');
  await told(s, 'web', counted(0));
  await s.project('watched', {}, { orphanedResources: { warn: false, ignore } });
  await told(s, 'web', undefined);
  assert.equal(
    (await synced(s, 'web')).status?.conditions?.some(({ type }) => type === 'IgnoredFieldWarning') ?? false,
    false,
  );
});
