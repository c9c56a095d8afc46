// What a person should look at twice before an effect happens.
import type { Application } from '../../model/application.ts';
import type { Effect } from '../../model/effect.ts';
import type { ObjectEffect } from './facts.ts';
import { cox } from '../../model/annotations.ts';

const consequences: Readonly<Record<string, string>> = {
  '/PersistentVolumeClaim': 'its volume may be deleted with it, and the data',
  '/PersistentVolume': 'its data may be deleted with it',
  'apiextensions.k8s.io/CustomResourceDefinition': 'every object of that kind is deleted with it, in all namespaces',
  '/Namespace': 'everything in it is deleted with it',
};

/** Environments whose name says production. */
export function isProduction(environment: string): boolean {
  return /^(prod|production|prd|live)\b|[-_](prod|production|prd)$/i.test(environment);
}

/** In the order in which people should read them; [] for most. */
export function risksOf(app: Application, objects: readonly ObjectEffect[]): Effect['risks'] {
  return objects.flatMap(({ key, operation, total, recreate }) => {
    const texts: string[] = [];
    const consequence = consequences[`${key.group}/${key.kind}`];
    if (operation?.op === 'delete' && consequence) texts.push(`is deleted: ${consequence}`);
    else if (operation?.op === 'delete' && isProduction(app.metadata.annotations?.[cox.environment] ?? ''))
      texts.push('is deleted in production');
    if (recreate)
      texts.push(
        operation?.op === 'recreate'
          ? 'is deleted and created anew: it is gone for a while'
          : 'cannot be changed in place',
      );
    if (total?.action === 'change' && total.changes.some(({ text, after }) => text === 'spec.replicas' && after === 0))
      texts.push('is scaled to 0 replicas');
    return texts.map((text) => ({ key, text }));
  });
}
