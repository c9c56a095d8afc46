// The rights of deploy/rbac.yaml, and what docs/permissions.md says of them, in one wording: `get secrets`.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseAllDocuments } from 'yaml';

interface Rule {
  apiGroups: string[];
  resources: string[];
  verbs: string[];
  resourceNames?: string[];
}

interface Granting {
  kind: string;
  metadata: { name: string };
  rules?: Rule[];
}

const root = join(import.meta.dirname, '..');

/** `approvals.coxswain.dev/status`, as RBAC's own messages have it; with the name of a single object. */
export function resourceText(group: string, resource: string, name?: string): string {
  const [plural = '', subresource] = resource.split('/');
  const text = [group === '' ? plural : `${plural}.${group}`, subresource].filter(Boolean).join('/');
  return name === undefined ? text : `${text} ${name}`;
}

export function rolesOf(file: string): Granting[] {
  return parseAllDocuments(readFileSync(join(root, file), 'utf8')).map((each) => each.toJS() as Granting);
}

/** One entry for each resource of its rules; of single objects with their names. */
export function grantedBy(name: string): { resource: string; verbs: string[] }[] {
  const rules = rolesOf('deploy/rbac.yaml').find(
    ({ kind, metadata }) => kind === 'Role' && metadata.name === name,
  )?.rules;
  return (rules ?? []).flatMap(({ apiGroups, resources, verbs, resourceNames = [undefined] }) =>
    apiGroups.flatMap((group) =>
      resources.flatMap((resource) =>
        resourceNames.map((object) => ({ resource: resourceText(group, resource, object), verbs })),
      ),
    ),
  );
}

export const roles = ['coxswain', 'coxswain-chat'] as const;

/** What docs/permissions.md says is needed at some moments only, with the test that shows it. */
export function ofSomeMoments(): { right: string; test: string }[] {
  const text = readFileSync(join(root, 'docs/permissions.md'), 'utf8');
  const rows = text.slice(text.indexOf('### Seen in use')).matchAll(/^\| (`.*`) \| .* \| `(.*)` \|$/gm);
  return [...rows].flatMap(([, rights = '', test = '']) =>
    [...rights.matchAll(/`([^`]+)`/g)].map(([, right = '']) => ({ right, test })),
  );
}
