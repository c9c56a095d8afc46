// `cox drift`: what was changed in the cluster beside Git, as its open episodes tell.
import type { DriftEpisode, DriftedObject } from '../model/coxswain.ts';
import type { Session } from './session.ts';
import { stringifyJson } from '../base/json.ts';
import { applicationKey, applicationName } from '../model/application.ts';
import { coxGroup } from '../model/coxswain.ts';
import { keyTitle } from '../model/kube.ts';
import { parseEpisode } from '../store/parse.ts';
import { usage } from './options.ts';
import { data, diffText, isData, plain } from './output.ts';

const episodeKind = { group: coxGroup, kind: 'DriftEpisode' };

const whats: Readonly<Record<DriftedObject['kind'], string>> = {
  changed: '',
  missing: 'is in Git, but was deleted from the cluster',
  extra: 'is in the cluster, but not in Git',
};

/** Values are masked where they are stored. */
function valueLines(sign: string, value: unknown): string[] {
  if (value === undefined) return [];
  const text = typeof value === 'string' ? value : stringifyJson(value, 2);
  return text.split('\n').map((line) => `${sign}${line}`);
}

function differences({ changes, left = 0 }: DriftedObject): string {
  const lines = changes.flatMap(({ text, before, after }) => [
    `@@ ${text.replace(/\s+/g, ' ')} @@`,
    ...valueLines('-', before),
    ...valueLines('+', after),
  ]);
  return [...lines, ...(left > 0 ? [`@@ and ${left} more @@`] : [])].join('\n');
}

function blockOf({ spec, status }: DriftEpisode, object: DriftedObject, color: boolean): string {
  const by = object.by ? `, by ${object.by.manager}${object.by.at ? ` at ${object.by.at}` : ''}` : '';
  const title = `${applicationName(spec.application)}: ${keyTitle(object.key)}`;
  const { phase = 'Open', snooze } = status ?? {};
  const until = phase === 'Snoozed' && snooze ? `, until ${snooze.until} by ${snooze.by.login}` : '';
  const state = `${phase} since ${spec.openedAt}${until}${by}`;
  const body = whats[object.kind] || diffText(differences(object), color);
  return `===== ${plain(title)} =====\n${plain(state)}\n${body}`;
}

function isOpen({ status }: DriftEpisode): boolean {
  return ['Open', 'Reverting', 'Snoozed'].includes(status?.phase ?? 'Open');
}

/** Minus is Git, plus is live. Exit code 0 when nothing has drifted, 1 when something has. Throws Usage. */
export async function drift(session: Session, names: readonly string[]): Promise<number> {
  const { cluster, options, out, signal } = session;
  const [name, ...more] = names;
  if (more.length > 0) throw usage('write cox drift [app]');
  const application = name === undefined ? undefined : applicationKey(await session.application(name));
  const found = (await cluster.api.list(episodeKind, { namespace: options.namespace, signal }))
    .flatMap((object) => parseEpisode(object) ?? [])
    .filter((episode) => isOpen(episode) && [undefined, episode.spec.application].includes(application))
    .sort((a, b) => (a.spec.openedAt < b.spec.openedAt ? -1 : 1));
  if (isData(options.format))
    out.result(
      data(
        options.format,
        found.map(({ spec, status }) => ({ ...spec, ...status })),
      ),
    );
  else if (found.length === 0) out.note(`Nothing has drifted in ${application ?? `namespace ${options.namespace}`}.`);
  for (const episode of isData(options.format) ? [] : found) {
    for (const object of episode.status?.objects ?? []) out.result(blockOf(episode, object, options.color));
    const left = episode.status?.left ?? 0;
    if (left > 0) out.result(`and ${left} more objects of ${applicationName(episode.spec.application)}`);
  }
  return found.length > 0 ? 1 : 0;
}
