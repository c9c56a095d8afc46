// What an administrator sets up before Coxswain runs: CRDs, the control-plane namespace and its ConfigMaps.
import type { KubeObject } from '../src/model/kube.ts';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { apply, documents, get, pathOf, type Kube } from './kube.ts';
import { channel, type People } from './people.ts';
import { until } from './condition.ts';

/** So long drift must last until it is told. */
export const driftSettleMs = 1_000;
export const controlNamespace = 'argocd';
const deploy = join(import.meta.dirname, '..', 'deploy');

const install = join(import.meta.dirname, '..', 'examples', 'install');

/** Argo CD makes this project at its start; without restrictions, as there. */
const defaultProject: KubeObject = {
  apiVersion: 'argoproj.io/v1alpha1',
  kind: 'AppProject',
  metadata: { name: 'default', namespace: controlNamespace },
  spec: {
    sourceRepos: ['*'],
    destinations: [{ server: '*', namespace: '*' }],
    clusterResourceWhitelist: [{ group: '*', kind: '*' }],
  },
};

/** Definitions that are there stay as they are. */
export async function applyCrds(kube: Kube): Promise<void> {
  const folder = join(deploy, 'crds');
  const crds = (await Promise.all((await readdir(folder)).map((file) => readFile(join(folder, file), 'utf8')))).flatMap(
    documents,
  );
  await Promise.all(crds.map(async (crd) => (await get(kube, pathOf(crd))) ?? apply(kube, crd)));
  for (const crd of crds) {
    await until(`${crd.metadata.name ?? ''} is served`, async () => {
      const conditions = (
        (await get(kube, pathOf(crd)))?.['status'] as { conditions?: { type: string; status: string }[] } | undefined
      )?.conditions;
      if (!conditions?.some((item) => item.type === 'Established' && item.status === 'True')) return undefined;
      const { group, names, versions } = crd['spec'] as {
        group: string;
        names: { plural: string };
        versions: { name: string }[];
      };
      // The cache behind watches comes up a moment after the kind itself.
      const watchable = await kube.call(
        'GET',
        `/apis/${group}/${versions[0]?.name ?? ''}/${names.plural}?resourceVersion=0`,
      );
      return watchable.status === 200 || undefined;
    });
  }
}

/** The user as which whoever has this kubeconfig comes to the API server. */
export async function userOf(kube: Kube): Promise<string> {
  const { body } = await kube.call('POST', '/apis/authentication.k8s.io/v1/selfsubjectreviews', {
    apiVersion: 'authentication.k8s.io/v1',
    kind: 'SelfSubjectReview',
  });
  return (body as { status: { userInfo: { username: string } } }).status.userInfo.username;
}

/** The user as which the Pod of deploy/deployment.yaml comes. */
export const installedAccount = `system:serviceaccount:${controlNamespace}:coxswain`;

/** A token of it, good for an hour. */
export async function installedToken(kube: Kube): Promise<string> {
  const path = `/api/v1/namespaces/${controlNamespace}/serviceaccounts/coxswain/token`;
  const { body } = await kube.call('POST', path, {
    apiVersion: 'authentication.k8s.io/v1',
    kind: 'TokenRequest',
    spec: {},
  });
  return (body as { status: { token: string } }).status.token;
}

/** What Git may contain is what examples/infra contains. */
export async function narrow(kube: Kube): Promise<void> {
  for (const object of documents(await readFile(join(install, 'managed.yaml'), 'utf8'))) await apply(kube, object);
}

/** The admission policies, in force in the control-plane namespace for an operator that is `account`. */
export async function applyAdmission(kube: Kube, namespace: string, account: string): Promise<void> {
  for (const object of documents(await readFile(join(deploy, 'admission.yaml'), 'utf8'))) {
    await apply(
      kube,
      object.kind === 'ConfigMap'
        ? { ...object, metadata: { ...object.metadata, namespace }, data: { account } }
        : object,
    );
  }
}

/**
 * `account`: the operator's user. `failureSettle`: default the product's; a run that dies hundreds of times takes
 * minutes where an undisturbed one takes seconds, and is told no more for it.
 */
export async function applySettings(
  kube: Kube,
  people: People,
  { account, failureSettle }: { account: string; failureSettle?: string },
): Promise<void> {
  await apply(kube, { apiVersion: 'v1', kind: 'Namespace', metadata: { name: controlNamespace } });
  for (const object of documents(await readFile(join(deploy, 'rbac.yaml'), 'utf8'))) await apply(kube, object);
  await applyAdmission(kube, controlNamespace, account);
  const identities = Object.values(people).map(({ slackId, login }) => `${slackId}: ${login}`);
  const here = {
    'slack.identities': identities.join('\n'),
    'slack.channel': channel,
    'drift.settle': `${driftSettleMs}ms`,
    ...(failureSettle && { 'failure.settle': failureSettle }),
  };
  for (const file of ['coxswain-cm.yaml', 'rights.yaml'])
    for (const object of documents(await readFile(join(install, file), 'utf8')))
      await apply(kube, object.metadata.name === 'coxswain-cm' ? { ...object, data: here } : object);
  await apply(kube, defaultProject);
}
