// How Coxswain is deployed in this cluster: its settings as its own process reads them, from what the person may see.
import type { KubeObject } from '../model/kube.ts';
import type { Config } from '../operator/config.ts';
import type { Session } from './session.ts';
import { isStatus } from '../cluster/api-error.ts';
import { isObject } from '../model/kube.ts';
import { readConfig, variables } from '../operator/config.ts';

export interface Deployed {
  /** Name of its service account. */
  account: string;
  /** Throws E_CONFIG with every fault, as the process does at its start. */
  config(): Config;
  /** Variables whose value is not to be had from here: a Secret that may not be read, a ConfigMap, a pod's file. */
  hidden: readonly string[];
}

function objects(value: unknown): Record<string, unknown>[] {
  return Array.isArray(value) ? value.filter(isObject) : [];
}

function named(objectList: readonly Record<string, unknown>[], name: string): Record<string, unknown> | undefined {
  return objectList.find((each) => each['name'] === name);
}

/** Secrets by their name: undefined where the person may not read it. */
type Secrets = (name: string) => Promise<KubeObject | 'hidden' | undefined>;

async function valueOf(variable: Record<string, unknown>, secrets: Secrets): Promise<string | 'hidden' | undefined> {
  const { value, valueFrom } = variable;
  if (typeof value === 'string') return value;
  if (!isObject(valueFrom)) return undefined;
  const ref = valueFrom['secretKeyRef'];
  if (!isObject(ref)) return 'hidden';
  const secret = await secrets(String(ref['name']));
  if (secret === 'hidden') return 'hidden';
  const data = isObject(secret?.['data']) ? secret['data'][String(ref['key'])] : undefined;
  return typeof data === 'string' ? Buffer.from(data, 'base64').toString('utf8') : undefined;
}

/** Undefined where no Deployment `coxswain` is there, or the person may not read it. */
export async function deployed({ cluster, options, signal }: Session): Promise<Deployed | undefined> {
  const { namespace } = options;
  const read = async (group: string, kind: string, name: string): Promise<KubeObject | 'hidden' | undefined> =>
    cluster.api.get({ group, kind, namespace, name }, { signal }).catch((error: unknown) => {
      if (isStatus(error, 403)) return 'hidden' as const;
      throw error;
    });
  const deployment = await read('apps', 'Deployment', 'coxswain');
  if (deployment === undefined || deployment === 'hidden') return undefined;
  const spec = isObject(deployment['spec']) ? deployment['spec'] : {};
  const template = isObject(spec['template']) ? spec['template'] : {};
  const pod = isObject(template['spec']) ? template['spec'] : {};
  const env: Record<string, string> = { COX_NAMESPACE: namespace };
  const hidden: string[] = [];
  const container = named(objects(pod['containers']), 'coxswain');
  const own = objects(container?.['env']).filter(({ name }) => name !== 'COX_NAMESPACE');
  for (const variable of own) {
    const name = String(variable['name']);
    const value = await valueOf(variable, (secret) => read('', 'Secret', secret));
    if (value === 'hidden' || name.endsWith('_FILE')) hidden.push(name);
    else if (value !== undefined && name !== 'KUBECONFIG') env[name] = value;
  }
  // Any other may stand in what is taken over whole.
  const isSet = (name: string): boolean => name in env || own.some((variable) => variable['name'] === name);
  if (objects(container?.['envFrom']).length > 0)
    hidden.push(...Object.keys(variables).filter((name) => name !== 'KUBECONFIG' && !isSet(name)));
  // What is needed together is left out together: half of it would be a fault that is none.
  const services = ['COX_GITHUB_', 'COX_SLACK_'];
  const left = services.filter((service) => hidden.some((name) => name.startsWith(service)));
  // GitHub is asked whether it sends there.
  if (hidden.includes('COX_PUBLIC_URL')) left.push('COX_GITHUB_');
  for (const name of Object.keys(env)) if (left.some((service) => name.startsWith(service))) delete env[name];
  return { account: String(pod['serviceAccountName'] ?? 'default'), config: () => readConfig(env), hidden };
}
