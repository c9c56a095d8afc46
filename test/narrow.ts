// Somebody who may write Coxswain's own resources and nothing else: what a careless Role gives away.
import type { TestContext } from 'node:test';
import type { Answer } from '../sandbox/cluster/access.ts';
import type { ClusterFacts } from '../sandbox/cluster/cluster.ts';
import { Access } from '../sandbox/cluster/access.ts';

type Kind = 'requests' | 'approvals' | 'syncrecords' | 'driftepisodes' | 'reports';

export interface Narrow {
  /** As the API server knows it. */
  user: string;
  get(kind: Kind, name: string): Promise<Record<string, unknown>>;
  create(kind: Kind, body: unknown): Promise<Answer>;
  /** Merge patch; of the status subresource with `name/status`. */
  patch(kind: Kind, name: string, body: unknown): Promise<Answer>;
  /** Without a name all of them. */
  delete(kind: Kind, name?: string): Promise<Answer>;
}

/** Deleting is not among its rights: `grant` adds more verbs. */
export async function narrow(
  t: TestContext,
  plane: ClusterFacts,
  namespace: string,
  grant: readonly string[] = [],
  name = 'mallory',
): Promise<Narrow> {
  const { server, ca } = plane;
  const admin = new Access({ server, ca, token: plane.tokens.admin });
  t.after(() => admin.close());
  const resources = ['requests', 'approvals', 'syncrecords', 'driftepisodes', 'reports'].flatMap((kind) => [
    kind,
    `${kind}/status`,
  ]);
  const at = (group: string, plural: string): string => `${group}/namespaces/${namespace}/${plural}`;
  await admin.must('POST', at('/api/v1', 'serviceaccounts'), { metadata: { name } });
  await admin.must('POST', at('/apis/rbac.authorization.k8s.io/v1', 'roles'), {
    metadata: { name },
    rules: [{ apiGroups: ['coxswain.dev'], resources, verbs: ['get', 'create', 'update', 'patch', ...grant] }],
  });
  await admin.must('POST', at('/apis/rbac.authorization.k8s.io/v1', 'rolebindings'), {
    metadata: { name },
    roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'Role', name },
    subjects: [{ kind: 'ServiceAccount', name, namespace }],
  });
  const { status } = (await admin.must('POST', `${at('/api/v1', 'serviceaccounts')}/${name}/token`, {
    apiVersion: 'authentication.k8s.io/v1',
    kind: 'TokenRequest',
    spec: {},
  })) as { status: { token: string } };
  const own = new Access({ server, ca, token: status.token });
  t.after(() => own.close());
  const path = (kind: string): string => at('/apis/coxswain.dev/v1alpha1', kind);
  return {
    user: `system:serviceaccount:${namespace}:${name}`,
    get: async (kind, object) => (await own.must('GET', `${path(kind)}/${object}`)) as Record<string, unknown>,
    create: (kind, body) => own.call('POST', path(kind), body),
    patch: (kind, object, body) => own.call('PATCH', `${path(kind)}/${object}`, body, 'application/merge-patch+json'),
    delete: (kind, object) => own.call('DELETE', object === undefined ? path(kind) : `${path(kind)}/${object}`),
  };
}
