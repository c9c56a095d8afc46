// Somebody else's cluster: the demo begins only where it overwrites nothing, and takes away at its end what it made.
import { AppError } from '../src/base/errors.ts';
import { get, list, type Kube } from './kube.ts';
import { controlNamespace } from './settings.ts';
import { developed, production } from './sample.ts';

/** All that a demo makes lies in these, beside its CRDs, the ClusterRole and the admission policy. */
const namespaces = [controlNamespace, ...developed, ...production];
const cluster = {
  namespace: (name: string): string => `/api/v1/namespaces/${name}`,
  crds: '/apis/apiextensions.k8s.io/v1/customresourcedefinitions',
  role: '/apis/rbac.authorization.k8s.io/v1/clusterroles/coxswain-managed',
  binding: '/apis/rbac.authorization.k8s.io/v1/clusterrolebindings/coxswain-managed',
  policy: '/apis/admissionregistration.k8s.io/v1/validatingadmissionpolicies/coxswain-own-resources',
  policyBinding: '/apis/admissionregistration.k8s.io/v1/validatingadmissionpolicybindings/coxswain-own-resources',
  applications: `/apis/argoproj.io/v1alpha1/namespaces/${controlNamespace}/applications`,
};

/** Throws E_CONFIG, with what is in the way. Resolves with the definitions that are there already. */
export async function assertFree(kube: Kube): Promise<Set<string>> {
  const there = await Promise.all([
    ...namespaces.map(async (name) => ((await get(kube, cluster.namespace(name))) ? `namespace ${name}` : '')),
    get(kube, cluster.role).then((found) => (found ? 'ClusterRole coxswain-managed' : '')),
  ]);
  const inTheWay = there.filter((what) => what !== '');
  if (inTheWay.length > 0) {
    throw new AppError('E_CONFIG', `the demo would overwrite what this cluster has: ${inTheWay.join(', ')}`, {
      hint: 'Use a cluster of its own (kind create cluster), or delete these first if an earlier demo left them.',
    });
  }
  return definitionsOf(kube);
}

async function definitionsOf(kube: Kube): Promise<Set<string>> {
  return new Set((await list(kube, cluster.crds)).map(({ metadata }) => metadata.name ?? ''));
}

/**
 * Coxswain must have ended. `before`: the definitions that were there. Namespaces take the cluster some more seconds to
 * empty.
 */
export async function cleanUp(kube: Kube, before: ReadonlySet<string>): Promise<void> {
  const remove = (path: string): Promise<unknown> => kube.call('DELETE', path);
  const made = [...(await definitionsOf(kube))].filter(
    (name) => !before.has(name) && /\.(argoproj\.io|coxswain\.dev)$/.test(name),
  );
  // Nobody is left who would honour a finalizer.
  const applications = (await get(kube, cluster.applications)) as
    { items?: { metadata: { name?: string } }[] } | undefined;
  for (const { metadata } of applications?.items ?? [])
    await kube.call(
      'PATCH',
      `${cluster.applications}/${metadata.name ?? ''}`,
      { metadata: { finalizers: null } },
      'application/merge-patch+json',
    );
  for (const path of [
    cluster.policyBinding,
    cluster.policy,
    ...namespaces.map(cluster.namespace),
    ...made.map((name) => `${cluster.crds}/${name}`),
    cluster.binding,
    cluster.role,
  ])
    await remove(path);
}
