// The shape of the tree: floors, rooms and their head files, names and lengths.
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { basename, dirname, join, relative, resolve, sep } from 'node:path';
import { test } from 'node:test';
import ts from 'typescript';

/** Rooms of src/ from the ground up; a room imports from lower floors and from itself. */
const floors: string[][] = [
  ['model', 'base'],
  ['git', 'cluster', 'render', 'diff', 'health', 'policy', 'config.ts'],
  ['sync', 'compare', 'store'],
  ['engine', 'change'],
  ['chatops'],
  ['github', 'slack', 'web'],
  ['cli', 'main.ts'],
];
/** The ground floor: drawers of independent values, without a head. */
const drawers = ['model', 'base'];
const maxLines = 510;
const forbiddenNames = ['utils', 'util', 'helpers', 'helper', 'common', 'misc', 'manager', 'index'];

const root = resolve(import.meta.dirname, '..');
const sources = filesOf('src').filter((file) => file.endsWith('.ts'));

function filesOf(folder: string): string[] {
  return readdirSync(join(root, folder), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => relative(root, join(entry.parentPath, entry.name)).split(sep).join('/'))
    .sort();
}

function read(file: string): string {
  return readFileSync(join(root, file), 'utf8');
}

/** Files of this tree that a file imports, type imports and dynamic imports too. */
function importsOf(file: string): string[] {
  return ts
    .preProcessFile(read(file), true, true)
    .importedFiles.map(({ fileName }) => fileName)
    .filter((name) => name.startsWith('.'))
    .map((name) =>
      relative(root, resolve(root, dirname(file), name))
        .split(sep)
        .join('/'),
    );
}

/** `src/git/mirror.ts` is in room `git`, `src/main.ts` and what stands beside it is a room of its own: `main.ts`. */
function roomOf(file: string): string {
  const [, first = '', second] = file.split('/');
  if (second !== undefined) return first;
  return first === 'config.ts' ? first : 'main.ts';
}

function floorOf(room: string): number {
  return floors.findIndex((rooms) => rooms.includes(room)) + 1;
}

function mayImport(file: string, imported: string): boolean {
  if (!imported.startsWith('src/')) return false;
  const [from, to] = [roomOf(file), roomOf(imported)];
  if (to === 'config.ts' && from !== to) return floorOf(from) === floors.length;
  return from === to || floorOf(to) < floorOf(from);
}

function circle(graph: Map<string, string[]>): string[] | undefined {
  const done = new Set<string>();
  const visit = (file: string, path: string[]): string[] | undefined => {
    if (path.includes(file)) return [...path.slice(path.indexOf(file)), file];
    if (done.has(file)) return undefined;
    done.add(file);
    for (const next of graph.get(file) ?? []) {
      const found = visit(next, [...path, file]);
      if (found) return found;
    }
    return undefined;
  };
  for (const file of graph.keys()) {
    const found = visit(file, []);
    if (found) return found;
  }
  return undefined;
}

test('every file of src/ stands in a room of the layout', () => {
  assert.deepEqual(
    sources.filter((file) => floorOf(roomOf(file)) === 0),
    [],
  );
});

test('src/ imports only from lower floors and its own room, and config.ts only from the top', () => {
  const wrong = sources.flatMap((file) =>
    importsOf(file)
      .filter((imported) => !mayImport(file, imported))
      .map((imported) => `${file} → ${imported}`),
  );
  assert.deepEqual(wrong, []);
});

test('no circle of imports, types included', () => {
  const files = [...sources, ...filesOf('sandbox').filter((file) => file.endsWith('.ts'))];
  assert.equal(circle(new Map(files.map((file) => [file, importsOf(file)])))?.join(' → '), undefined);
});

test('every room has a head file of its own name', () => {
  const rooms = floors.flat().filter((room) => !room.endsWith('.ts'));
  const headless = rooms.filter((room) => {
    const files = sources.filter((file) => roomOf(file) === room);
    return !drawers.includes(room) && files.length > 0 && !files.includes(`src/${room}/${room}.ts`);
  });
  assert.deepEqual(headless, []);
});

test('the first line of every file says in a sentence what it is', () => {
  const files = ['src', 'sandbox', 'tools', 'test', 'bench']
    .flatMap(filesOf)
    .filter((file) => file.endsWith('.ts') || file.endsWith('.mjs'));
  const silent = files.filter((file) => {
    const [first = '', second = ''] = read(file).split('\n');
    return !/^\/\/ \S.{9,}/.test(first.startsWith('#!') ? second : first);
  });
  assert.deepEqual(silent, []);
});

test(`no file of src/ and sandbox/ has more than ${maxLines} lines`, () => {
  const files = [...sources, ...filesOf('sandbox').filter((file) => file.endsWith('.ts'))];
  const long = files
    .map((file) => ({ file, lines: read(file).split('\n').length - 1 }))
    .filter(({ lines }) => lines > maxLines);
  assert.deepEqual(long, []);
});

test('file names are kebab-case and say what is in them', () => {
  const files = ['src', 'sandbox', 'tools', 'test', 'bench'].flatMap(filesOf).filter((file) => file.endsWith('.ts'));
  const stem = (file: string): string => basename(file).replace(/(\.test|\.d)?\.ts$/, '');
  assert.deepEqual(
    files.filter((file) => !/^[a-z0-9]+(-[a-z0-9]+)*$/.test(stem(file)) || forbiddenNames.includes(stem(file))),
    [],
  );
});

test('the rules themselves: neighbours, upward imports and the sandbox are refused', () => {
  const table: [string, string, boolean][] = [
    ['src/git/git.ts', 'src/base/errors.ts', true],
    ['src/git/git.ts', 'src/git/mirror.ts', true],
    ['src/git/git.ts', 'src/render/render.ts', false],
    ['src/git/git.ts', 'src/engine/engine.ts', false],
    ['src/base/queue.ts', 'src/model/kube.ts', false],
    ['src/engine/engine.ts', 'src/config.ts', false],
    ['src/main.ts', 'src/config.ts', true],
    ['src/cli/cli.ts', 'src/config.ts', true],
    ['src/main.ts', 'sandbox/scene.ts', false],
  ];
  for (const [file, imported, expected] of table)
    assert.equal(mayImport(file, imported), expected, `${file} → ${imported}`);
});

test('a circle is found', () => {
  assert.deepEqual(
    circle(
      new Map([
        ['a', ['b']],
        ['b', ['c']],
        ['c', ['b']],
      ]),
    ),
    ['b', 'c', 'b'],
  );
});
