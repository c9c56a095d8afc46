// What the operator must be permitted in the control-plane namespace; deploy/rbac.yaml grants it.
import type { Api } from '../cluster/api.ts';
import { AppError } from '../base/errors.ts';
import { isObject } from '../model/kube.ts';

interface Right {
  group: string;
  /** With the subresource, as in `approvals/status`. */
  resource: string;
  verbs: readonly string[];
  /** The kind that is missing without it, and that the store can do without (store/dispensable.ts). */
  dispensable?: string;
}

const follows = ['list', 'watch'];
const reads = ['get', ...follows];
const cox = 'coxswain.dev';

/** What may be granted for single Secrets, or made by somebody else, is asked for where it is needed. */
export const neededRights: readonly Right[] = [
  { group: 'argoproj.io', resource: 'applications', verbs: [...reads, 'patch'] },
  { group: 'argoproj.io', resource: 'appprojects', verbs: follows },
  ...['approvals', 'driftepisodes', 'requests', 'syncrecords'].map((resource) => ({
    group: cox,
    resource,
    verbs: [...reads, 'create', 'patch', 'delete'],
  })),
  ...['approvals/status', 'driftepisodes/status', 'requests/status'].map((resource) => ({
    group: cox,
    resource,
    verbs: ['patch'],
  })),
  { group: cox, resource: 'reports', verbs: [...reads, 'create', 'patch', 'delete'], dispensable: 'Report' },
  { group: cox, resource: 'reports/status', verbs: ['patch'], dispensable: 'Report' },
  ...['deployments', 'statefulsets'].map((resource) => ({ group: 'apps', resource, verbs: follows })),
  { group: '', resource: 'configmaps', verbs: follows },
  { group: '', resource: 'secrets', verbs: reads },
  { group: '', resource: 'events', verbs: ['create'], dispensable: 'Event' },
  { group: 'coordination.k8s.io', resource: 'leases', verbs: ['get', 'create', 'update'] },
];

interface Asked {
  namespace: string;
  signal: AbortSignal;
  /** Name of a service account of that namespace; undefined: whoever asks. */
  account?: string;
}

/** The API server's own word; for oneself everybody may ask it who is authenticated (Kubernetes: system:basic-user). */
async function may(
  api: Pick<Api, 'request'>,
  attributes: Record<string, string | undefined>,
  { namespace, account, signal }: Asked,
): Promise<boolean> {
  const group = '/apis/authorization.k8s.io/v1';
  const [path, kind] =
    account === undefined
      ? [`${group}/selfsubjectaccessreviews`, 'SelfSubjectAccessReview']
      : [`${group}/namespaces/${namespace}/localsubjectaccessreviews`, 'LocalSubjectAccessReview'];
  const who = {
    user: `system:serviceaccount:${namespace}:${account ?? ''}`,
    groups: ['system:serviceaccounts', `system:serviceaccounts:${namespace}`, 'system:authenticated'],
  };
  const answer = await api.request('POST', path, {
    body: {
      apiVersion: 'authorization.k8s.io/v1',
      kind,
      ...(account !== undefined && { metadata: { namespace } }),
      spec: { resourceAttributes: attributes, ...(account !== undefined && who) },
    },
    signal,
  });
  return isObject(answer) && isObject(answer['status']) && answer['status']['allowed'] === true;
}

async function missingOf(
  api: Pick<Api, 'request'>,
  { group, resource, verbs }: Right,
  asking: Asked,
): Promise<string[]> {
  const { namespace } = asking;
  const [plural, subresource] = resource.split('/');
  const asked = verbs.map(async (verb) =>
    (await may(api, { namespace, group, resource: plural, subresource, verb }, asking)) ? [] : [verb],
  );
  const missing = (await Promise.all(asked)).flat();
  const name = [`${plural}${group && `.${group}`}`, subresource].filter(Boolean).join('/');
  return missing.length > 0 ? [`${missing.join(', ')} ${name}`] : [];
}

/** Verbs and resources, such as `patch approvals.coxswain.dev/status`. */
export async function missingRights(api: Pick<Api, 'request'>, asked: Asked): Promise<string[]> {
  return (await Promise.all(neededRights.map((right) => missingOf(api, right, asked)))).flat();
}

/** Throws E_API that names what is not permitted; answers the kinds that are not permitted and can be done without. */
export async function requireRights(
  api: Pick<Api, 'request'>,
  namespace: string,
  signal: AbortSignal,
): Promise<string[]> {
  const all = await Promise.all(
    neededRights.map(async (right) => ({ right, names: await missingOf(api, right, { namespace, signal }) })),
  );
  const missing = all.flatMap(({ right, names }) => (right.dispensable === undefined ? names : []));
  if (missing.length > 0)
    throw new AppError('E_API', `not permitted in the namespace ${namespace}: ${missing.join('; ')}`, {
      kind: 'transient',
      hint: 'Grant the user as which Coxswain comes what the Roles of deploy/rbac.yaml have: kubectl apply -k deploy.',
    });
  return [...new Set(all.flatMap(({ right, names }) => (names.length > 0 ? (right.dispensable ?? []) : [])))];
}
