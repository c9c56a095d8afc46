// What Coxswain says of its own installation, for the page: the same looks as those of `cox doctor`, from within.
import type { AppStatus } from '../github/setup/app-status.ts';
import type { Finding } from '../policy/finding.ts';
import type { Core } from './parts.ts';
import { describeError } from '../base/errors.ts';
import { TtlCache } from '../base/ttl-cache.ts';
import { named as ofGitHub, noApp } from '../github/setup/github-status.ts';
import { toolPaths } from './core.ts';
import { addressFinding, applicationsFinding, clusterFindings, noSlack } from './installation.ts';
import { clock } from './parts.ts';
import { requireTools } from './preconditions.ts';

/** Whoever reaches the page may ask, so nobody else is asked each time. */
const keptMs = 10_000;

function fromFault(what: string, good: string, fault: Error | string | undefined): Finding {
  if (fault === undefined) return { what, state: 'good', detail: good };
  return { what, state: 'bad', detail: typeof fault === 'string' ? fault : describeError(fault) };
}

function tools({ config }: Core): Finding {
  try {
    requireTools({ git: 'git', ...toolPaths(config) });
    return fromFault('Tools', 'git, manifests and render are there', undefined);
  } catch (error) {
    return fromFault('Tools', '', error instanceof Error ? error : String(error));
  }
}

async function slack({ config, log }: Core, socket: Finding | undefined): Promise<Finding[]> {
  if (!config.slack) return [noSlack];
  const { slackStatus } = await import('../slack/slack-status.ts');
  return slackStatus(config.slack, log, socket);
}

interface Faces {
  /** What GitHub says of the App; undefined without one. */
  status: (() => Promise<AppStatus>) | undefined;
  /** What the Slack app says of its socket; undefined without one. */
  socket: () => Finding | undefined;
}

async function look(core: Core, { status, socket }: Faces): Promise<Finding[]> {
  const { config, cluster, store, guard, engine, signal } = core;
  const { namespace, publicUrl } = config;
  const [seen, app, card] = await Promise.all([
    clusterFindings({ cluster, namespace, clock, signal }),
    status ? status().then(({ findings }) => ofGitHub(findings)) : [noApp],
    slack(core, socket()),
  ]);
  const faults = store.settings().faults;
  return [
    ...seen,
    fromFault('Engine', `COX_ENGINE=${config.engine}`, engine.held),
    fromFault('Admission policies', 'the cluster refuses objects in its name', guard.fault),
    fromFault('Settings', 'all can be read', faults.length > 0 ? faults.join('; ') : undefined),
    tools(core),
    addressFinding(publicUrl),
    applicationsFinding(store.applications.list()),
    ...app,
    ...card,
  ];
}

/** Kept for ten seconds, so that many who look ask GitHub and Slack once. */
export function ownInstallation(core: Core, faces: Faces): () => Promise<Finding[]> {
  const known = new TtlCache<Finding[]>({ clock, forMs: keptMs, keeps: () => true });
  return () => known.get('', () => look(core, faces));
}
