// What the operator must be permitted in the control-plane namespace; deploy/rbac.yaml grants it.
import type { Api } from '../cluster/api.ts';
import { AppError } from '../base/errors.ts';
import { isObject } from '../model/kube.ts';

interface Right {
  group: string;
  /** With the subresource, as in `approvals/status`. */
  resource: string;
  verbs: readonly string[];
  /** The kind that is missing without it, and that the store can do without. */
  dispensable?: string;
}

const reads = ['get', 'list', 'watch'];
const cox = 'coxswain.dev';

/** What may be granted for single Secrets, or made by somebody else, is asked for where it is needed. */
export const neededRights: readonly Right[] = [
  { group: 'argoproj.io', resource: 'applications', verbs: [...reads, 'patch'] },
  { group: 'argoproj.io', resource: 'appprojects', verbs: reads },
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
  { group: cox, resource: 'reports', verbs: [...reads, 'create', 'delete'], dispensable: 'Report' },
  { group: cox, resource: 'reports/status', verbs: ['patch'], dispensable: 'Report' },
  ...['deployments', 'statefulsets'].map((resource) => ({ group: 'apps', resource, verbs: reads })),
  { group: '', resource: 'configmaps', verbs: reads },
  { group: '', resource: 'secrets', verbs: reads },
  { group: 'coordination.k8s.io', resource: 'leases', verbs: ['get', 'create', 'update'] },
];

/** The API server's own word; everybody who is authenticated may ask it (Kubernetes: system:basic-user). */
async function may(
  api: Pick<Api, 'request'>,
  attributes: Record<string, string | undefined>,
  signal: AbortSignal,
): Promise<boolean> {
  const answer = await api.request('POST', '/apis/authorization.k8s.io/v1/selfsubjectaccessreviews', {
    body: {
      apiVersion: 'authorization.k8s.io/v1',
      kind: 'SelfSubjectAccessReview',
      spec: { resourceAttributes: attributes },
    },
    signal,
  });
  return isObject(answer) && isObject(answer['status']) && answer['status']['allowed'] === true;
}

async function missingOf(
  api: Pick<Api, 'request'>,
  { group, resource, verbs }: Right,
  { namespace, signal }: { namespace: string; signal: AbortSignal },
): Promise<string[]> {
  const [plural, subresource] = resource.split('/');
  const asked = verbs.map(async (verb) =>
    (await may(api, { namespace, group, resource: plural, subresource, verb }, signal)) ? [] : [verb],
  );
  const missing = (await Promise.all(asked)).flat();
  const name = [`${plural}${group && `.${group}`}`, subresource].filter(Boolean).join('/');
  return missing.length > 0 ? [`${missing.join(', ')} ${name}`] : [];
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
      hint: 'Grant what the Role of deploy/rbac.yaml has to the user as which Coxswain comes: kubectl apply -k deploy.',
    });
  return [...new Set(all.flatMap(({ right, names }) => (names.length > 0 ? (right.dispensable ?? []) : [])))];
}
