// Turns automated sync off in the text of a manifest, and leaves every other character as it is. Pure.
import { isMap, isPair, isScalar, LineCounter, parseAllDocuments, type Document, type Pair, type YAMLMap } from 'yaml';
import { isApplication } from '../model/argo-kinds.ts';

/** `off`: it is turned off there already; `none`: nothing in this text turns it on. */
type Turned = { text: string; line: number } | 'off' | 'none';

interface Named {
  name: string;
  namespace: string;
}

function isNamed(document: Document, { name, namespace }: Named): boolean {
  const text = (path: string[]): string | undefined => {
    const value = document.getIn(path);
    return typeof value === 'string' ? value : undefined;
  };
  const [group = ''] = (text(['apiVersion']) ?? '').split('/');
  const within = text(['metadata', 'namespace']);
  return (
    isApplication({ group, kind: text(['kind']) ?? '' }) &&
    text(['metadata', 'name']) === name &&
    (within === undefined || within === namespace)
  );
}

function pairOf(map: YAMLMap, key: string): Pair | undefined {
  return map.items.find((item) => isPair(item) && isScalar(item.key) && item.key.value === key);
}

const off = 'enabled: false';

function edited(text: string, automated: YAMLMap): string | 'off' | undefined {
  const [start, end] = automated.range ?? [];
  // A template's braces are a map too, whose key is one.
  const isPlain = automated.items.every(({ key }) => isScalar(key));
  if (start === undefined || end === undefined || !isPlain) return undefined;
  const enabled = pairOf(automated, 'enabled')?.value;
  if (isScalar(enabled) && enabled.range) {
    const [from, to] = enabled.range;
    return enabled.value === false ? 'off' : `${text.slice(0, from)}false${text.slice(to)}`;
  }
  if (enabled !== undefined) return undefined;
  if (text[start] === '{') {
    const rest = automated.items.length > 0 ? `${off}, ` : off;
    return `${text.slice(0, start + 1)}${rest}${text.slice(start + 1)}`;
  }
  const indent = text.slice(text.lastIndexOf('\n', start - 1) + 1, start);
  return /^ *$/.test(indent) ? `${text.slice(0, start)}${off}\n${indent}${text.slice(start)}` : undefined;
}

/** Of the only Application of that name in the text; undefined: it is not there, or cannot be edited as text. */
export function withoutAutomated(text: string, named: Named): Turned | undefined {
  const lines = new LineCounter();
  const documents = parseAllDocuments(text, { lineCounter: lines });
  const [document, ...more] = 'empty' in documents ? [] : documents.filter((each) => isNamed(each, named));
  if (!document || more.length > 0 || document.errors.length > 0) return undefined;
  const automated = document.getIn(['spec', 'syncPolicy', 'automated'], true);
  if (!isMap(automated)) return 'none';
  const changed = edited(text, automated);
  if (changed === undefined || changed === 'off') return changed;
  return { text: changed, line: lines.linePos(automated.range?.[0] ?? 0).line };
}
