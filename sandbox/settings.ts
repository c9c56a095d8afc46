// What an administrator sets up before Coxswain runs: CRDs, the control-plane namespace and its ConfigMaps.
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { KubeObject } from '../src/model/kube.ts';
import { apply, documents, get, pathOf, type Kube } from './kube.ts';
import { channel, type People } from './people.ts';
import { until } from './condition.ts';

export const controlNamespace = 'argocd';
const deploy = join(import.meta.dirname, '..', 'deploy');

function configMap(name: string, data: Record<string, string>): KubeObject {
  const part = name.startsWith('argocd') ? 'argocd' : 'coxswain';
  return { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name, namespace: controlNamespace, labels: { 'app.kubernetes.io/part-of': part } }, data };
}

/** Argo CD's own format: two teams with roles, nobody else may do anything. */
const policy = `
p, role:developer, applications, get, */*, allow
p, role:developer, applications, sync, */*, allow
p, role:developer, applications, revert, */*, allow
p, role:lead, applications, approve, */*, allow
g, role:lead, role:developer
g, acme:storefront, role:developer
g, acme:leads, role:lead
`.trim();

export async function applyCrds(kube: Kube): Promise<void> {
  const folder = join(deploy, 'crds');
  const crds = (await Promise.all((await readdir(folder)).map((file) => readFile(join(folder, file), 'utf8')))).flatMap(documents);
  await Promise.all(crds.map((crd) => apply(kube, crd)));
  for (const crd of crds) {
    await until(`${crd.metadata.name ?? ''} is served`, async () => {
      const conditions = ((await get(kube, pathOf(crd)))?.['status'] as { conditions?: { type: string; status: string }[] } | undefined)?.conditions;
      if (!conditions?.some((item) => item.type === 'Established' && item.status === 'True')) return undefined;
      const { group, names, versions } = crd['spec'] as { group: string; names: { plural: string }; versions: { name: string }[] };
      // The cache behind watches comes up a moment after the kind itself.
      const watchable = await kube.call('GET', `/apis/${group}/${versions[0]?.name ?? ''}/${names.plural}?resourceVersion=0`);
      return watchable.status === 200 || undefined;
    });
  }
}

export async function applySettings(kube: Kube, people: People): Promise<void> {
  await apply(kube, { apiVersion: 'v1', kind: 'Namespace', metadata: { name: controlNamespace } });
  for (const object of documents(await readFile(join(deploy, 'rbac.yaml'), 'utf8'))) await apply(kube, object);
  const identities = Object.values(people).map(({ slackId, login }) => `${slackId}: ${login}`);
  await apply(kube, configMap('argocd-cm', {}));
  await apply(kube, configMap('argocd-rbac-cm', { 'policy.csv': policy, 'policy.default': '' }));
  await apply(kube, configMap('coxswain-cm', { 'slack.identities': identities.join('\n'), 'slack.channel': channel, 'drift.settle': '1s' }));
}
