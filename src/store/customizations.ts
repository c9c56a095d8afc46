// What argocd-cm says of kinds of objects: `resource.customizations`, whole or one key for each (Argo CD:
// docs/operator-manual/health.md, docs/user-guide/diffing.md).
import { parse } from 'yaml';
import { isObject } from '../model/kube.ts';

/** A script that tells the health of the objects of a kind. */
export interface HealthScript {
  /** `group/Kind`, both globs; a kind of the core group stands alone. */
  kind: string;
  script: string;
  /** It may use more libraries. */
  openLibs: boolean;
  /** The key of argocd-cm in which it stands. */
  key: string;
}

interface Customization {
  script?: string;
  openLibs?: boolean;
  key?: string;
}

const whole = 'resource.customizations';
/** Known to Argo CD, and told of in docs/compatibility.md. */
const others: readonly string[] = ['actions', 'ignoreDifferences', 'ignoreResourceUpdates', 'knownTypeFields'];

function yamlOf(text: string): unknown {
  return parse(text, { maxAliasCount: 100 });
}

/** `cert-manager.io_Certificate` is `cert-manager.io/Certificate`; `all` is every kind. */
function kindOf(key: string): string | undefined {
  const parts = key.split('_');
  if (key === 'all') return '*/*';
  return parts.length > 2 || parts.includes('') ? undefined : parts.join('/');
}

function readWhole(data: Record<string, string>, found: Map<string, Customization>, faults: string[]): void {
  const text = data[whole];
  if (!text) return;
  let kinds: unknown;
  try {
    kinds = yamlOf(text);
  } catch {
    faults.push(`${whole} of argocd-cm is no YAML; nothing of it counts`);
    return;
  }
  if (!isObject(kinds)) return void faults.push(`${whole} of argocd-cm must be a map; nothing of it counts`);
  for (const [kind, value] of Object.entries(kinds)) {
    if (!isObject(value)) {
      faults.push(`${whole} of argocd-cm: what stands under ${kind} must be a map`);
      continue;
    }
    const { 'health.lua': script, 'health.lua.useOpenLibs': openLibs } = value;
    found.set(kind, {
      key: whole,
      ...(typeof script === 'string' && { script }),
      ...(openLibs === true && { openLibs }),
    });
  }
}

function readOne(found: Map<string, Customization>, key: string, value: string): string | undefined {
  const [, , type = '', ...rest] = key.split('.');
  const kind = kindOf(rest.join('.'));
  if (rest.length === 0) return undefined;
  if (kind === undefined) return `${key} of argocd-cm names no kind; it must end with <group>_<Kind>`;
  if (others.includes(type)) return undefined;
  const before = found.get(kind) ?? {};
  if (type === 'health') found.set(kind, { ...before, script: value, key });
  else if (type === 'useOpenLibs' && /^(true|false)$/i.test(value.trim()))
    found.set(kind, { ...before, openLibs: value.trim().toLowerCase() === 'true' });
  else if (type === 'useOpenLibs') return `${key} of argocd-cm is "${value}", but must be true or false`;
  else return `${key} of argocd-cm is not known: nothing can be customised by "${type}"`;
  return undefined;
}

/** Scripts of health, those of one kind before those of many; a key of its own goes before the whole. */
export function readHealthScripts(data: Record<string, string>, faults: string[]): HealthScript[] {
  const found = new Map<string, Customization>();
  readWhole(data, found, faults);
  for (const key of Object.keys(data)
    .filter((each) => each.startsWith(`${whole}.`))
    .sort()) {
    const fault = readOne(found, key, data[key] ?? '');
    if (fault !== undefined) faults.push(fault);
  }
  return [...found]
    .flatMap(([kind, { script, openLibs = false, key = '' }]) => (script ? [{ kind, script, openLibs, key }] : []))
    .sort((a, b) => breadth(a.kind) - breadth(b.kind) || b.kind.length - a.kind.length);
}

function breadth(kind: string): number {
  return /[*?[{]/.test(kind) ? 1 : 0;
}
