// What argocd-cm says of kinds of objects: `resource.customizations`, whole or one key for each (Argo CD:
// docs/operator-manual/health.md, docs/user-guide/diffing.md).
import type { KnownField, SystemRule } from '../model/comparison-settings.ts';
import { parse } from 'yaml';
import { isObject } from '../model/kube.ts';

/** A script that tells the health of the objects of a kind. */
interface HealthScript {
  /** `group/Kind`, both globs; a kind of the core group stands alone. */
  kind: string;
  script: string;
  /** It may use more libraries. */
  openLibs: boolean;
  /** The key of argocd-cm in which it stands. */
  key: string;
}

export interface Customizations {
  /** The first that fits an object judges it: those of one kind before those of many. */
  healthScripts: HealthScript[];
  ignoreDifferences: SystemRule[];
  knownTypeFields: Record<string, KnownField[]>;
}

interface Customization {
  script?: string;
  openLibs?: boolean;
  key?: string;
  ignored?: SystemRule;
  known?: KnownField[];
}

const whole = 'resource.customizations';
/** Known to Argo CD, and told of in docs/compatibility.md. */
const others: readonly string[] = ['actions', 'ignoreResourceUpdates'];

function yamlOf(text: string): unknown {
  return parse(text, { maxAliasCount: 100 });
}

/** undefined where it is no YAML. */
function listOf(text: string): unknown {
  try {
    return yamlOf(text) ?? [];
  } catch {
    return undefined;
  }
}

/** `cert-manager.io_Certificate` is `cert-manager.io/Certificate`; `all` is every kind. */
function kindOf(key: string): string | undefined {
  const parts = key.split('_');
  if (key === 'all') return '*/*';
  return parts.length > 2 || parts.includes('') ? undefined : parts.join('/');
}

function groupKind(kind: string): { group: string; kind: string } {
  const [group = '', name] = kind.split('/');
  return name === undefined ? { group: '', kind: group } : { group, kind: name };
}

const lists = ['jsonPointers', 'jqPathExpressions', 'managedFieldsManagers'] as const;

/** What cannot be read is a rule of which nobody knows what it ignores: nothing that it may concern is written. */
function readIgnored(kind: string, text: unknown, at: string): SystemRule {
  const rule = { ...groupKind(kind), at };
  let found: unknown;
  try {
    found = typeof text === 'string' ? (yamlOf(text) ?? {}) : undefined;
  } catch {
    return { ...rule, fault: `${at} is no YAML` };
  }
  if (!isObject(found)) return { ...rule, fault: `${at} must be a text that holds a map of ${lists.join(', ')}` };
  for (const name of lists) {
    const value = found[name] ?? [];
    if (!Array.isArray(value) || value.some((each) => typeof each !== 'string'))
      return { ...rule, fault: `${at}.${name} must be a list of texts` };
    if (value.length > 0) Object.assign(rule, { [name]: value });
  }
  return rule;
}

const knownType = /^(core\/v1\/[A-Z][A-Za-z0-9]*|core\/Quantity|meta\/v1\/Duration)$/;

function isKnownField(item: unknown): item is KnownField {
  if (!isObject(item)) return false;
  const { field, type } = item;
  return typeof field === 'string' && field !== '' && typeof type === 'string' && knownType.test(type);
}

/** Without them a difference in form alone is shown, and nothing is written unseen. */
function readKnown(value: unknown, at: string, faults: string[]): KnownField[] {
  if (Array.isArray(value) && value.every(isKnownField)) return value;
  faults.push(`${at} must be a list of maps with field and type, a type of Kubernetes such as core/v1/PodSpec`);
  return [];
}

function says(rule: SystemRule): boolean {
  return rule.fault !== undefined || lists.some((name) => rule[name] !== undefined);
}

/** Of all kinds at once: which ones it speaks of nobody knows. */
function unread(fault: string): Map<string, Customization> {
  return new Map([[whole, { ignored: { group: '*', kind: '*', at: `argocd-cm ${whole}`, fault } }]]);
}

function readWhole(data: Record<string, string>, faults: string[]): Map<string, Customization> {
  const found = new Map<string, Customization>();
  const text = data[whole];
  if (!text) return found;
  let kinds: unknown;
  try {
    kinds = yamlOf(text);
  } catch {
    return unread(`${whole} of argocd-cm is no YAML; no object is compared until it is mended`);
  }
  if (!isObject(kinds)) return unread(`${whole} of argocd-cm must be a map; no object is compared until it is`);
  for (const [kind, value] of Object.entries(kinds)) {
    if (!isObject(value)) {
      faults.push(`${whole} of argocd-cm: what stands under ${kind} must be a map`);
      continue;
    }
    const { 'health.lua': script, 'health.lua.useOpenLibs': openLibs, ignoreDifferences, knownTypeFields } = value;
    const at = `argocd-cm ${whole}[${JSON.stringify(kind)}]`;
    found.set(kind, {
      key: whole,
      ...(typeof script === 'string' && { script }),
      ...(openLibs === true && { openLibs }),
      ...(ignoreDifferences !== undefined && {
        ignored: readIgnored(kind, ignoreDifferences, `${at}.ignoreDifferences`),
      }),
      ...(knownTypeFields !== undefined && { known: readKnown(knownTypeFields, `${at}.knownTypeFields`, faults) }),
    });
  }
  return found;
}

/** What is wrong with it. */
function readOne(found: Map<string, Customization>, key: string, value: string, faults: string[]): string | undefined {
  const [, , type = '', ...rest] = key.split('.');
  const kind = kindOf(rest.join('.'));
  if (rest.length === 0) return undefined;
  if (kind === undefined) return `${key} of argocd-cm names no kind; it must end with <group>_<Kind>`;
  if (others.includes(type)) return undefined;
  const before = found.get(kind) ?? {};
  if (type === 'health') found.set(kind, { ...before, script: value, key });
  else if (type === 'ignoreDifferences')
    found.set(kind, { ...before, ignored: readIgnored(kind, value, `argocd-cm ${key}`) });
  else if (type === 'knownTypeFields')
    found.set(kind, { ...before, known: readKnown(listOf(value), `argocd-cm ${key}`, faults) });
  else if (type === 'useOpenLibs' && /^(true|false)$/i.test(value.trim()))
    found.set(kind, { ...before, openLibs: value.trim().toLowerCase() === 'true' });
  else if (type === 'useOpenLibs') return `${key} of argocd-cm is "${value}", but must be true or false`;
  else return `${key} of argocd-cm is not known: nothing can be customised by "${type}"`;
  return undefined;
}

/** A key of its own goes before the whole. */
export function readCustomizations(data: Record<string, string>, faults: string[]): Customizations {
  const found = readWhole(data, faults);
  for (const key of Object.keys(data)
    .filter((each) => each.startsWith(`${whole}.`))
    .sort()) {
    const fault = readOne(found, key, data[key] ?? '', faults);
    if (fault !== undefined) faults.push(fault);
  }
  const ignoreDifferences = [...found.values()].flatMap(({ ignored }) => (ignored && says(ignored) ? [ignored] : []));
  faults.push(...ignoreDifferences.flatMap(({ fault }) => fault ?? []));
  return {
    ignoreDifferences,
    knownTypeFields: Object.fromEntries([...found].flatMap(([kind, { known }]) => (known ? [[kind, known]] : []))),
    healthScripts: [...found]
      .flatMap(([kind, { script, openLibs = false, key = '' }]) => (script ? [{ kind, script, openLibs, key }] : []))
      .sort((a, b) => breadth(a.kind) - breadth(b.kind) || b.kind.length - a.kind.length),
  };
}

function breadth(kind: string): number {
  return /[*?[{]/.test(kind) ? 1 : 0;
}
