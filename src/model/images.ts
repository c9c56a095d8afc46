// The container images that an object runs, wherever its pod template stands.
import { isObject } from './kube.ts';

function podSpecs(object: Record<string, unknown>): Record<string, unknown>[] {
  const spec = object['spec'];
  if (!isObject(spec)) return [];
  const inner = [spec['template'], spec['jobTemplate']].filter(isObject).flatMap(podSpecs);
  return [spec, ...inner];
}

/** Sorted, each once. */
export function imagesOf(objects: readonly Record<string, unknown>[]): string[] {
  const found = objects
    .flatMap(podSpecs)
    .flatMap((spec) => [spec['containers'], spec['initContainers']])
    .flatMap((list) => (Array.isArray(list) ? list.filter(isObject).map((container) => container['image']) : []));
  return [...new Set(found.filter((image) => typeof image === 'string'))].sort();
}
