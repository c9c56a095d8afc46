// Finds where a rendered object is defined, by its kind and name, in the files that it may come from.
import type { KubeObject } from '../../model/kube.ts';
import type { Place } from '../../base/errors.ts';

export interface SourceText {
  file: string;
  text: string;
}

/**
 * The exact name wins over one that the rendered name contains (prefixes, suffixes and hashes come on top). undefined =
 * not known.
 */
export function locate(object: KubeObject, sources: readonly SourceText[]): Place | undefined {
  const wanted = object.metadata.name ?? object.metadata.generateName ?? '';
  let partial: Place | undefined;
  for (const { file, text } of sources) {
    for (const { kind, name, line } of headers(text)) {
      if (kind !== object.kind) continue;
      if (name === wanted) return { file, line };
      if (name !== '' && wanted.includes(name)) partial ??= { file, line };
    }
  }
  return partial;
}

interface Header {
  kind: string;
  name: string;
  line: number;
}

/** Kind, name and first line of each document of a YAML text, by its lines alone. */
function headers(text: string): Header[] {
  const found: Header[] = [];
  let current: Header = { kind: '', name: '', line: 0 };
  let metadata = false;
  text.split('\n').forEach((line, index) => {
    if (/^---(\s|$)/.test(line)) {
      found.push(current);
      current = { kind: '', name: '', line: 0 };
      return;
    }
    if (/^\s*(#|$)/.test(line)) return;
    current.line ||= index + 1;
    if (/^\S/.test(line)) metadata = line.startsWith('metadata:');
    current.kind ||= /^kind:\s*["']?([\w.-]+)/.exec(line)?.[1] ?? '';
    if (metadata) current.name ||= /^ {1,4}(?:generateName|name):\s*["']?([^\s"'#]+)/.exec(line)?.[1] ?? '';
  });
  return [...found, current].filter(({ kind }) => kind !== '');
}
