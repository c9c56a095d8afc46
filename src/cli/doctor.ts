// `cox doctor`: what of an installation is not as it should be, above all whether one engine, and only one, is at work.
import type { Application } from '../model/application.ts';
import type { Finding as Seen } from '../policy/finding.ts';
import type { Config } from '../operator/config.ts';
import type { Deployed } from './deployed.ts';
import type { KubeObject } from '../model/kube.ts';
import type { Engines } from '../policy/engine.ts';
import type { SeenController } from '../store/argocd-controller.ts';
import type { Session } from './session.ts';
import { systemClock } from '../base/clock.ts';
import { AppError } from '../base/errors.ts';
import { isStatus } from '../cluster/api-error.ts';
import { twoEngines } from '../engine/turns.ts';
import { githubStatus, noApp } from '../github/setup/github-status.ts';
import { cox } from '../model/annotations.ts';
import { applicationKey } from '../model/application.ts';
import { isObject } from '../model/kube.ts';
import { isTurnFault, turnOf } from '../policy/engine.ts';
import { seenSigns, seenWorkload } from '../store/argocd-controller.ts';
import { controllerWorkload, heartbeatOf, shardMap, statusWriteOf } from '../store/controller-sightings.ts';
import { parseProject } from '../store/parse.ts';
import { addressFinding, applicationsFinding, clusterFindings, noSlack } from '../operator/installation.ts';
import { deployed } from './deployed.ts';
import { isData, print } from './output.ts';
import { quiet } from './session.ts';

/** JSON of this command has these names. */
interface Finding {
  check: string;
  ok: boolean;
  found: string;
  /** Not yet, or not to be told from here. */
  open?: true;
  /** What to do about it. */
  next?: string | undefined;
}

const leaseName = 'coxswain';

/** The engine that the process with the Lease was told to be; undefined where none is alive. */
interface Running {
  finding: Finding;
  chosen: Engines['chosen'] | undefined;
}

async function running({ cluster, options, signal }: Session): Promise<Running> {
  const { namespace } = options;
  const ref = { group: 'coordination.k8s.io', kind: 'Lease', namespace, name: leaseName };
  const lease = await cluster.api.get(ref, { signal });
  const spec = isObject(lease?.['spec']) ? lease['spec'] : {};
  const holder = String(spec['holderIdentity'] ?? '');
  const seconds = Number(spec['leaseDurationSeconds'] ?? 0);
  const silentMs = systemClock.now() - Date.parse(String(spec['renewTime']));
  const check = 'Coxswain';
  // Twice its time: clocks differ.
  if (!lease || holder === '' || !(silentMs < seconds * 2000))
    return {
      chosen: undefined,
      finding: {
        check,
        ok: false,
        found: `does not work in the namespace ${namespace}: nobody holds its Lease`,
        next: `kubectl -n ${namespace} get deployment coxswain; name another namespace with -n`,
      },
    };
  const chosen = lease.metadata.annotations?.[cox.engine] === 'argocd' ? 'argocd' : 'coxswain';
  return { chosen, finding: { check, ok: true, found: `${holder.split(':')[0] ?? ''} works, COX_ENGINE=${chosen}` } };
}

/** What the person may not read tells nothing. */
async function readable<T>(read: Promise<T>, without: T): Promise<T> {
  return read.catch((error: unknown) => {
    if (isStatus(error, 403)) return without;
    throw error;
  });
}

async function controller(
  { cluster, options, signal }: Session,
  applications: readonly Application[],
): Promise<SeenController | undefined> {
  const { namespace } = options;
  const of = (kind: string): Promise<KubeObject[]> =>
    readable(cluster.api.list({ group: 'apps', kind }, { namespace, signal }), []);
  const workloads = (await Promise.all([of('StatefulSet'), of('Deployment')]))
    .flat()
    .flatMap((object) => controllerWorkload(object) ?? []);
  const working = seenWorkload(workloads, namespace);
  if (working || workloads.length > 0) return working;
  const map = { group: '', kind: 'ConfigMap', namespace, name: shardMap };
  const shards = await readable(cluster.api.get(map, { signal }), undefined);
  const writes = applications.map((app) => statusWriteOf(app) ?? -Infinity);
  const signs = { heartbeat: (shards && heartbeatOf(shards)) ?? -Infinity, write: Math.max(-Infinity, ...writes) };
  return seenSigns(signs, systemClock.now())?.seen;
}

function engines(chosen: Engines['chosen'] | undefined, seen: SeenController | undefined): Finding {
  const check = 'Engine';
  if (chosen === 'coxswain' && seen) {
    const { message, hint } = twoEngines(seen);
    return { check, ok: false, found: message, next: hint };
  }
  if (chosen === 'argocd' && !seen)
    return {
      check,
      ok: false,
      found: 'COX_ENGINE=argocd leaves the work to Argo CD, and no application controller of it is seen here',
      next: 'Start that controller, or set COX_ENGINE=coxswain.',
    };
  const at = seen ? `Argo CD (${seen.what})` : 'no application controller of Argo CD is seen here';
  return { check, ok: true, found: chosen === 'coxswain' ? `Coxswain; ${at}` : at };
}

async function turns(
  { cluster, options, signal }: Session,
  applications: readonly Application[],
  engines: Engines,
): Promise<Finding[]> {
  const kind = { group: 'argoproj.io', kind: 'AppProject' };
  const projects = (await cluster.api.list(kind, { namespace: options.namespace, signal })).flatMap(
    (object) => parseProject(object) ?? [],
  );
  return applications.flatMap((app) => {
    const project = projects.find(({ metadata }) => metadata.name === app.spec.project);
    const turn = turnOf(app, project, engines);
    // What holds for all is said once.
    return isTurnFault(turn) && turn.rule !== 'two-engines'
      ? [{ check: applicationKey(app), ok: false, found: turn.why }]
      : [];
  });
}

/** As the page of Coxswain says it, in the words of this command. */
function seen({ what, state, detail, next }: Seen): Finding {
  return { check: what, ok: state !== 'bad', found: detail, next, ...(state === 'waiting' && { open: true }) };
}

/** GitHub and Slack with the credentials of the Deployment, where the person may read them. */
async function services({ out }: Session, { config: read, hidden }: Deployed): Promise<Seen[]> {
  if (hidden.length > 0) out.note(`cox: not to be read from here, and not asked with: ${hidden.join(', ')}`);
  let config: Config;
  try {
    config = read();
  } catch (error) {
    if (!(error instanceof AppError)) throw error;
    return [{ what: 'Settings', state: 'bad', detail: error.message, ...(error.hint && { next: error.hint }) }];
  }
  const { github, slack, publicUrl, webhookProxyUrl } = config;
  const without = (none: Seen): Seen[] => (hidden.length > 0 ? [] : [none]);
  return [
    ...(hidden.includes('COX_PUBLIC_URL') ? [] : [addressFinding(publicUrl)]),
    ...(github ? await githubStatus(github, { publicUrl, hookUrl: webhookProxyUrl, log: quiet }) : without(noApp)),
    ...(slack ? await (await import('../slack/slack-status.ts')).slackStatus(slack, quiet) : without(noSlack)),
  ];
}

async function findings(session: Session): Promise<Finding[]> {
  const { cluster, options, signal } = session;
  const installed = await deployed(session);
  const { finding, chosen } = await running(session);
  const looking = { cluster, namespace: options.namespace, account: installed?.account, clock: systemClock, signal };
  const [defined, ...others] = await clusterFindings(looking);
  const own = installed && (await services(session, installed));
  // Whose rights count is not known where no Deployment tells its account.
  const known = others.filter(({ what }) => installed || what !== 'Rights');
  const around = [...known, ...(own ?? [])].map(seen);
  if (defined?.state === 'bad') return [seen(defined), finding, ...around];
  const applications = await session.applications();
  const controlling = await controller(session, applications);
  const asked = chosen && (await turns(session, applications, { chosen, controller: controlling?.what }));
  const first = [...(defined ? [seen(defined)] : []), finding, engines(chosen, controlling)];
  return [...first, ...around, seen(applicationsFinding(applications)), ...(asked ?? [])];
}

const columns = [
  { title: 'CHECK', of: ({ check }: Finding) => check },
  { title: 'STATE', of: ({ ok, open }: Finding) => (open ? 'open' : ok ? 'ok' : 'wrong') },
  { title: 'FOUND', of: ({ found }: Finding) => found },
];

/** Exit code 0 when all is as it should be, else 1. */
export async function doctor(session: Session): Promise<number> {
  const { options, out } = session;
  const found = await findings(session);
  const wrong = found.filter(({ ok }) => !ok);
  out.result(print(options.format, found, found, columns));
  const told = found.filter(({ ok, open }) => !ok || open);
  if (!isData(options.format)) for (const { check, next } of told) if (next) out.result(`\n${check}: ${next}`);
  return wrong.length > 0 ? 1 : 0;
}
