// What of an installation is as it should be: asked by the page for itself, and by `cox doctor` from outside.
import type { Api } from '../cluster/api.ts';
import type { Cluster } from '../cluster/cluster.ts';
import type { Clock } from '../base/clock.ts';
import type { Application } from '../model/application.ts';
import type { Finding } from '../policy/finding.ts';
import { describeError } from '../base/errors.ts';
import { isStatus } from '../cluster/api-error.ts';
import { isObject } from '../model/kube.ts';
import { missingKinds } from '../store/store.ts';
import { missingRights } from './rights.ts';
import { outsideText } from '../policy/outside-text.ts';

interface Looking {
  cluster: Pick<Cluster, 'discovery'> & { api: Pick<Api, 'request'> };
  namespace: string;
  /** Name of the service account as which Coxswain comes; undefined: whoever asks is Coxswain. */
  account?: string | undefined;
  clock: Pick<Clock, 'now'>;
  signal: AbortSignal;
}

/** GitHub takes no token of the App whose time is further off (GitHub: iat and exp of the JWT). */
const mostSkewMs = 60_000;

function definitionsFinding({ cluster }: Pick<Looking, 'cluster'>): Finding {
  const what = 'Definitions';
  const missing = missingKinds(cluster.discovery);
  return missing.length === 0
    ? { what, state: 'good', detail: 'all are installed' }
    : { what, state: 'bad', detail: `missing: ${missing.join(', ')}`, next: 'kubectl apply -f deploy/crds' };
}

async function rightsFinding({ cluster, namespace, account, signal }: Looking): Promise<Finding> {
  const what = 'Rights';
  const whose = account === undefined ? {} : { account };
  try {
    const missing = await missingRights(cluster.api, { namespace, signal, ...whose });
    return missing.length === 0
      ? { what, state: 'good', detail: `all that it needs in the namespace ${namespace}` }
      : {
          what,
          state: 'bad',
          detail: `not permitted in the namespace ${namespace}: ${missing.join('; ')}`,
          next: 'Grant what the Roles of deploy/rbac.yaml have: kubectl apply -k deploy.',
        };
  } catch (error) {
    if (!isStatus(error, 403)) throw error;
    const detail = 'you may not ask what the service account may do (create localsubjectaccessreviews)';
    return { what, state: 'waiting', detail };
  }
}

/** Its seconds are rounded down, and the way there takes a moment: only what is far off counts. */
async function clockFinding({ cluster, clock, signal }: Looking): Promise<Finding> {
  const what = 'Clock';
  const body = { apiVersion: 'authentication.k8s.io/v1', kind: 'SelfSubjectReview' };
  const path = '/apis/authentication.k8s.io/v1/selfsubjectreviews';
  const answer = await cluster.api.request('POST', path, { body, signal });
  const made = isObject(answer) && isObject(answer['metadata']) ? answer['metadata']['creationTimestamp'] : undefined;
  const skewMs = typeof made === 'string' ? clock.now() - Date.parse(made) : NaN;
  if (Number.isNaN(skewMs)) return { what, state: 'waiting', detail: 'the API server does not tell its time' };
  if (Math.abs(skewMs) <= mostSkewMs) return { what, state: 'good', detail: 'goes with that of the API server' };
  const far = `${Math.round(Math.abs(skewMs) / 1000)} s ${skewMs > 0 ? 'ahead of' : 'behind'}`;
  return {
    what,
    state: 'bad',
    detail: `this machine is ${far} the API server`,
    next: 'Set both by NTP: GitHub takes no token of an App whose clock is off by more than a minute.',
  };
}

/** Whether links in comments and cards lead somewhere for others than this machine. */
export function addressFinding(publicUrl: string): Finding {
  const what = 'Public address';
  const { hostname } = new URL(publicUrl);
  return /^(?:localhost|127(?:\.\d+){3}|\[::1\])$/.test(hostname)
    ? {
        what,
        state: 'bad',
        detail: `${publicUrl} leads nowhere from another machine: links in comments and cards, and webhooks`,
        next: 'Set COX_PUBLIC_URL (publicUrl of the chart) to the address at which people reach the page.',
      }
    : { what, state: 'good', detail: publicUrl };
}

/** What is told of an installation without Slack. */
export const noSlack: Finding = {
  what: 'Slack',
  state: 'waiting',
  detail: 'is not set up: no cards, and no commands there',
  next: 'docs/slack.md tells how; pull requests do without.',
};

const mostTold = 3;

/** What of Git, charts and rendering cannot be had, each cause once. */
export function applicationsFinding(applications: readonly Application[]): Finding {
  const what = 'Applications';
  const faults = applications.flatMap(({ status }) =>
    (status?.conditions ?? []).filter(({ type }) => type === 'ComparisonError').map(({ message }) => message),
  );
  if (faults.length === 0) return { what, state: 'good', detail: `${applications.length}, all can be compared` };
  const causes = [...new Set(faults.map((fault) => outsideText(fault, { most: 300 })))];
  const more = causes.length - mostTold;
  const shown = causes.slice(0, mostTold);
  return {
    what,
    state: 'bad',
    detail: `${faults.length} cannot be compared: ${shown.join(' · ')}${more > 0 ? ` · and ${more} more causes` : ''}`,
    next: 'cox app get <app> tells each; docs/reference/errors.md tells what to do by its code.',
  };
}

async function told(what: string, ask: Promise<Finding>): Promise<Finding> {
  return ask.catch((error: unknown) => ({ what, state: 'bad' as const, detail: describeError(error) }));
}

/** What the cluster tells. Never throws: a failure is what it tells. */
export async function clusterFindings(looking: Looking): Promise<Finding[]> {
  return [
    definitionsFinding(looking),
    ...(await Promise.all([told('Rights', rightsFinding(looking)), told('Clock', clockFinding(looking))])),
  ];
}
