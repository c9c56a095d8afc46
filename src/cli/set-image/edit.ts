// Another tag or digest of an image, where each kind of source has it: the images of a kustomization, the values of a
// chart, the manifests themselves.
import type { YAMLMap } from 'yaml';
import type { Splice } from './splice.ts';
import type { Wanted } from './reference.ts';
import { isMap, isScalar, isSeq } from 'yaml';
import { referenceOf, referenceText } from './reference.ts';
import { columnOf, documentsOf, lineAt, mapsIn, plainText, scalarAt, setScalar, spliced, writtenIn } from './splice.ts';

export interface Edited {
  text: string;
  /** Whether the file names the image, changed or not. */
  met: boolean;
}

function lineEnd(text: string): string {
  return text.includes('\r\n') ? '\r\n' : '\n';
}

/** Every `image: name…`, in whatever kind it stands. */
export function editManifests(file: string, text: string, { name, to }: Wanted): Edited {
  const splices: Splice[] = [];
  let met = false;
  for (const document of documentsOf(file, text))
    for (const map of mapsIn(document.contents)) {
      const image = scalarAt(map, 'image');
      if (!image || typeof image.value !== 'string' || referenceOf(image.value).name !== name) continue;
      met = true;
      if (image.value !== referenceText(to)) splices.push(setScalar(image, referenceText(to)));
    }
  return { text: spliced(text, splices), met };
}

/** A line `key: value` beside the one of that place. */
function lineBeside(text: string, at: number, key: string, value: string): Splice {
  const { to } = lineAt(text, at);
  const end = text.slice(0, to).endsWith('\n') ? '' : lineEnd(text);
  const line = `${' '.repeat(columnOf(text, at))}${key}: ${plainText(value)}`;
  return { from: to, to, text: end ? `${end}${line}` : `${line}${lineEnd(text)}` };
}

/** `key` gets the value, or goes where there is none. `after`: the place whose line it stands below, if it is new. */
function setOrDrop(
  text: string,
  { map, after }: { map: YAMLMap.Parsed; after: number },
  key: string,
  value: string | undefined,
): Splice[] {
  const scalar = scalarAt(map, key);
  const pair = map.items.find(({ key: own }) => isScalar(own) && own.value === key);
  if (value === undefined) {
    if (!scalar || !pair) return [];
    // Within braces, as in JSON, an empty text says the same.
    if (map.flow) return [setScalar(scalar, '')];
    const [at] = pair.key.range;
    const line = lineAt(text, at);
    const dash = /^\s*-\s/.test(text.slice(line.from, at));
    if (!dash) return [{ ...line, text: '' }];
    return [setScalar(scalar, '')];
  }
  if (scalar) return writtenIn(scalar) === value && typeof scalar.value === 'string' ? [] : [setScalar(scalar, value)];
  if (map.flow) {
    const end = map.range[1] - 1;
    return [{ from: end, to: end, text: `${map.items.length > 0 ? ', ' : ''}${key}: ${JSON.stringify(value)}` }];
  }
  return [lineBeside(text, after, key, value)];
}

/**
 * Maps with `repository` (and `registry`) and `tag`, as charts have them; beside those every `image: name…`. An empty
 * digest and none are one.
 */
export function editValues(file: string, text: string, wanted: Wanted): Edited {
  const { name, to } = wanted;
  const splices: Splice[] = [];
  let met = false;
  for (const document of documentsOf(file, text))
    for (const map of mapsIn(document.contents)) {
      const [registry, repository] = [scalarAt(map, 'registry'), scalarAt(map, 'repository')];
      if (!repository || typeof repository.value !== 'string') continue;
      const own = typeof registry?.value === 'string' && registry.value !== '' ? `${registry.value}/` : '';
      if (`${own}${repository.value}` !== name) continue;
      met = true;
      const renamed = to.name.startsWith(own) ? to.name.slice(own.length) : to.name;
      if (renamed !== repository.value) splices.push(setScalar(repository, renamed));
      const at = {
        map,
        after: map.items.find(({ value }) => value === repository)?.key.range[0] ?? repository.range[0],
      };
      splices.push(...setOrDrop(text, at, 'tag', to.tag), ...setOrDrop(text, at, 'digest', to.digest));
    }
  const edited = editManifests(file, spliced(text, splices), wanted);
  return { text: edited.text, met: met || edited.met };
}

function newEntry(indent: string, { name, to }: Wanted, end: string): string {
  const lines = [
    `- name: ${plainText(name)}`,
    ...(to.name === name ? [] : [`  newName: ${plainText(to.name)}`]),
    ...(to.tag === undefined ? [] : [`  newTag: ${plainText(to.tag)}`]),
    ...(to.digest === undefined ? [] : [`  digest: ${plainText(to.digest)}`]),
  ];
  return lines.map((line) => `${indent}${line}${end}`).join('');
}

/** Of `images`: the entry of that name, or a new one (Kustomize: images). */
export function editKustomization(file: string, text: string, wanted: Wanted): Edited {
  const { name, to } = wanted;
  const [document] = documentsOf(file, text);
  const root = document?.contents;
  const end = lineEnd(text);
  const whole = text === '' || text.endsWith('\n') ? text : `${text}${end}`;
  if (!isMap(root)) return { text: `${whole}images:${end}${newEntry('', wanted, end)}`, met: true };
  const images = root.items.find(({ key }) => isScalar(key) && key.value === 'images')?.value;
  const entries = isSeq(images) ? images.items.flatMap((item) => (isMap(item) ? [item] : [])) : [];
  const entry = entries.find((item) => scalarAt(item, 'name')?.value === name);
  if (entry) {
    const after = entry.items.find(({ key }) => isScalar(key) && key.value === 'name')?.key.range[0] ?? entry.range[0];
    const at = { map: entry, after };
    const splices = [
      ...(to.name === name && !scalarAt(entry, 'newName') ? [] : setOrDrop(text, at, 'newName', to.name)),
      ...setOrDrop(text, at, 'newTag', to.tag),
      ...setOrDrop(text, at, 'digest', to.digest),
    ];
    return { text: spliced(text, splices), met: true };
  }
  const [last] = entries.slice(-1);
  if (!last && images === undefined) return { text: `${whole}images:${end}${newEntry('', wanted, end)}`, met: true };
  return { text: last ? withEntry(text, last, wanted, end) : replacedList(text, images, wanted, end), met: true };
}

/** Behind the last entry of the list, as far to the right as that. */
function withEntry(text: string, last: YAMLMap.Parsed, wanted: Wanted, end: string): string {
  if (last.flow) {
    const { name, to } = wanted;
    const entry = { name, ...(to.name !== name && { newName: to.name }), newTag: to.tag, digest: to.digest };
    const [, at] = last.range;
    return spliced(text, [{ from: at, to: at, text: `, ${JSON.stringify(entry)}` }]);
  }
  const begins = lineAt(text, last.range[0]).from;
  const indent = /^[ \t]*/.exec(text.slice(begins))?.[0] ?? '';
  const tail = lineAt(text, Math.max(last.range[0], last.range[1] - 1)).to;
  const before = text.slice(0, tail);
  return `${before}${before.endsWith('\n') ? '' : end}${newEntry(indent, wanted, end)}${text.slice(tail)}`;
}

/** `images: []`, or nothing at all. */
function replacedList(text: string, images: unknown, wanted: Wanted, end: string): string {
  const range = typeof images === 'object' && images !== null && 'range' in images ? images.range : undefined;
  if (!Array.isArray(range)) return `${text}images:${end}${newEntry('', wanted, end)}`;
  const [from, to] = range as [number, number];
  return `${text.slice(0, from).trimEnd()}${end}${newEntry('', wanted, end).trimEnd()}${text.slice(to)}`;
}
