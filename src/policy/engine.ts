// Which engine works on an application: never two, and never none without saying so.
import type { Application } from '../model/application.ts';
import type { AppProject } from '../model/project.ts';
import { argo, cox } from '../model/annotations.ts';

export type EngineName = 'coxswain' | 'argocd';

/** What the choice follows from, beside annotations. */
export interface Engines {
  /** COX_ENGINE. */
  chosen: EngineName;
  /** What was seen of an application controller of Argo CD that works in the namespace; undefined: nothing. */
  controller: string | undefined;
}

type TurnRule =
  'chosen' | 'named' | 'paused' | 'two-engines' | 'not-skipped' | 'contradiction' | 'no-controller' | 'unread';

export interface Turn {
  /**
   * Whose turn it is: our engine's; Argo CD's, of which we ask through the Application alone; or nobody's, and then we
   * write nothing to the Application or its cluster.
   */
  by: EngineName | 'nobody';
  rule: TurnRule;
  /** One sentence for a person. */
  why: string;
}

/** Go: strconv.ParseBool, by which Argo CD reads the annotation (controller/appcontroller.go canProcessApp). */
const truths: ReadonlySet<string> = new Set(['1', 't', 'T', 'TRUE', 'true', 'True']);

/** Whether Argo CD leaves the application alone. */
export function isSkipped({ metadata }: Pick<Application, 'metadata'>): boolean {
  return truths.has(metadata.annotations?.[argo.skipReconcile] ?? '');
}

const handOver = `${argo.skipReconcile}: "true"`;

/** What the application itself says wins over its project. */
function namedEngine(app: Application, project: AppProject | undefined): string | undefined {
  return [app.metadata.annotations?.[cox.engine], project?.metadata.annotations?.[cox.engine]]
    .map((text) => text?.trim())
    .find((text) => text);
}

function left(skipped: boolean, named: string | undefined, { chosen, controller }: Engines): Turn {
  if (skipped && named === undefined)
    return { by: 'nobody', rule: 'paused', why: `${handOver} switches reconciling off` };
  if (skipped)
    return {
      by: 'nobody',
      rule: 'contradiction',
      why:
        `no engine works on it: ${cox.engine} leaves it to Argo CD, ` +
        `which leaves it alone because of ${handOver}; remove one of the two`,
    };
  if (chosen === 'coxswain' && controller === undefined)
    return {
      by: 'nobody',
      rule: 'no-controller',
      why:
        `no engine works on it: ${cox.engine} leaves it to Argo CD, ` +
        'and no application controller of Argo CD runs; start that, or remove the annotation',
    };
  return { by: 'argocd', rule: named === undefined ? 'chosen' : 'named', why: 'Argo CD works on it' };
}

function ours(skipped: boolean, named: string | undefined, { chosen, controller }: Engines): Turn {
  if (skipped && named === undefined)
    return { by: 'nobody', rule: 'paused', why: `${handOver} switches reconciling off` };
  const own: Turn = { by: 'coxswain', rule: named === undefined ? 'chosen' : 'named', why: 'Coxswain works on it' };
  // Beside Argo CD only that annotation keeps its controller away; it is taken to run wherever COX_ENGINE says so.
  if (skipped || (chosen === 'coxswain' && controller === undefined)) return own;
  if (chosen === 'argocd')
    return {
      by: 'argocd',
      rule: 'not-skipped',
      why: `Argo CD works on it in spite of ${cox.engine}: it leaves it alone once the application has ${handOver}`,
    };
  return {
    by: 'nobody',
    rule: 'two-engines',
    why:
      `Coxswain writes nothing to it while an application controller of Argo CD works here too (${controller}); ` +
      'stop that controller, or set COX_ENGINE=argocd',
  };
}

/** Pure: as of what is known now. */
export function turnOf(app: Application, project: AppProject | undefined, engines: Engines): Turn {
  const named = namedEngine(app, project);
  if (named !== undefined && named !== 'coxswain' && named !== 'argocd')
    return {
      by: 'nobody',
      rule: 'unread',
      why:
        `Coxswain leaves it alone: ${cox.engine} is ${JSON.stringify(named.slice(0, 100))}, ` +
        'but must be coxswain or argocd',
    };
  return (named ?? engines.chosen) === 'argocd'
    ? left(isSkipped(app), named, engines)
    : ours(isSkipped(app), named, engines);
}

const faults: ReadonlySet<TurnRule> = new Set([
  'two-engines',
  'not-skipped',
  'contradiction',
  'no-controller',
  'unread',
]);

/** Somebody must do something, or the application is not worked on as they asked. */
export function isTurnFault({ rule }: Turn): boolean {
  return faults.has(rule);
}
