// The objects of an application that a line means: those of its status, by --resource or all.
import type { Application, SyncResourceRef } from '../../model/application.ts';
import type { ResourceKey } from '../../model/kube.ts';
import type { Options } from '../options.ts';
import { usage } from '../options.ts';

function fits(key: ResourceKey, { group = '', kind, name, namespace }: SyncResourceRef): boolean {
  return (
    key.group === group &&
    key.kind === kind &&
    (name === '*' || key.name === name) &&
    (namespace === undefined || key.namespace === namespace)
  );
}

/** Throws Usage for a --resource that the application does not have. */
export function objectsOf(app: Application, { resources }: Options): ResourceKey[] {
  const keys = (app.status?.resources ?? []).map(({ group = '', kind, namespace = '', name }) => ({
    ...{ group, kind, namespace, name },
  }));
  const unknown = resources.find((ref) => !keys.some((key) => fits(key, ref)));
  if (unknown)
    throw usage(
      `${app.metadata.name} has no ${unknown.kind} ${unknown.name}; cox app resources ${app.metadata.name} lists them`,
    );
  return resources.length === 0 ? keys : keys.filter((key) => resources.some((ref) => fits(key, ref)));
}
