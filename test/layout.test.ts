// The shape of the tree: floors, rooms and their head files, names and lengths.
import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { basename, dirname, join, relative, resolve, sep } from 'node:path';
import { test } from 'node:test';
import ts from 'typescript';
import { unusedExports } from './unused-exports.ts';

/**
 * Rooms of src/ from the ground up; a room imports from lower floors and from itself. A folder of one may stand lower.
 */
const floors: string[][] = [
  ['model', 'base'],
  ['git', 'fetch', 'cluster', 'render', 'diff', 'health', 'policy'],
  ['sync', 'compare', 'store', 'github/client'],
  ['engine', 'change'],
  ['chatops'],
  ['github', 'slack', 'web', 'argocd'],
  ['operator'],
  ['cli', 'main.ts'],
];
/** Folders within a room from the ground up; what stands beside them is the room's top, and imports from all. */
const innerFloors: Record<string, string[][]> = {
  compare: [['object'], ['effect']],
  render: [['document'], ['source'], ['helm', 'kustomize']],
  engine: [['remote'], ['application'], ['approval'], ['delete'], ['drift', 'decide', 'operation'], ['argocd']],
  github: [['webhook', 'markdown'], ['publish', 'setup'], ['pull']],
};
const maxFiles = 20;
/** The ground floor: drawers of independent values, without a head. */
const drawers = ['model', 'base'];
const maxLines = 300;
const maxColumns = 120;
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

/**
 * `src/git/mirror.ts` is in room `git`, `src/github/client/api.ts` in `github/client`; `src/main.ts` is its own room.
 */
function roomOf(file: string): string {
  const [, first = '', second] = file.split('/');
  if (second === undefined) return 'main.ts';
  return floorOf(`${first}/${second}`) > 0 ? `${first}/${second}` : first;
}

function floorOf(room: string): number {
  return floors.findIndex((rooms) => rooms.includes(room)) + 1;
}

/** The folder within its room, and on which floor of the room it is; what is in none is above them all. */
function innerOf(file: string): { folder: string; floor: number } {
  const [, , folder = '', below] = file.split('/');
  const inner = innerFloors[roomOf(file)];
  if (!inner) return { folder: '', floor: 0 };
  if (below === undefined) return { folder: '', floor: inner.length };
  return { folder, floor: inner.findIndex((folders) => folders.includes(folder)) };
}

function mayImport(file: string, imported: string): boolean {
  if (!imported.startsWith('src/')) return false;
  const [from, to] = [roomOf(file), roomOf(imported)];
  if (from !== to) return floorOf(to) < floorOf(from);
  const [above, below] = [innerOf(file), innerOf(imported)];
  return above.folder === below.folder || below.floor < above.floor;
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
    sources.filter((file) => floorOf(roomOf(file)) === 0 || innerOf(file).floor < 0),
    [],
  );
});

test('src/ imports only from lower floors and its own room, and folders of a room from lower ones', () => {
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

test('every exported name is imported somewhere', () => {
  const folders = ['src', 'sandbox', 'test', 'bench', 'tools'];
  const files = folders.flatMap(filesOf).filter((file) => file.endsWith('.ts'));
  assert.deepEqual(unusedExports(new Map(files.map((file) => [join(root, file), read(file)]))), []);
  const made = new Map([
    ['/a.ts', "export const used = 1, gone = 2; export type { T } from './b.ts';"],
    ['/b.ts', "import { used as u } from './a.ts'; export interface T {} export function left(): void {}"],
  ]);
  assert.deepEqual(unusedExports(made), ['/a.ts: gone', '/a.ts: T', '/b.ts: left']);
});

test('every room has a head file of its own name', () => {
  const rooms = floors.flat().filter((room) => !room.endsWith('.ts'));
  const headless = rooms.filter((room) => {
    const files = sources.filter((file) => roomOf(file) === room);
    return !drawers.includes(room) && files.length > 0 && !files.includes(`src/${room}/${basename(room)}.ts`);
  });
  assert.deepEqual(headless, []);
});

test(`no folder has more than ${maxFiles} files`, () => {
  const files = ['src', 'sandbox', 'test', 'tools', 'bench'].flatMap(filesOf).filter((file) => file.endsWith('.ts'));
  const folders = Map.groupBy(files, (file) => dirname(file));
  assert.deepEqual(
    [...folders].filter(([, each]) => each.length > maxFiles).map(([folder, each]) => `${folder}: ${each.length}`),
    [],
  );
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

/** Lines that are too long, as `file:line: columns`. An address that stands alone cannot be broken. */
function tooWide(file: string, text: string): string[] {
  return text.split('\n').flatMap((line, at) => {
    const columns = [...line].length;
    return columns > maxColumns && !/^\W*https?:\S+$/.test(line) ? [`${file}:${at + 1}: ${columns}`] : [];
  });
}

test(`no line of code has more than ${maxColumns} columns, strings, templates and comments too`, () => {
  const folders = ['src', 'sandbox', 'tools', 'test', 'bench', 'bin', 'deploy'].flatMap(filesOf);
  const files = folders.filter((file) => /\.(ts|mjs|js|css|html|go)$/.test(file));
  assert.ok(files.length > 700, `${files.length} files`);
  const own = [...files, 'eslint.config.mjs', 'Dockerfile'];
  assert.deepEqual(
    own.flatMap((file) => tooWide(file, read(file))),
    [],
  );
  const made = ['x'.repeat(120), 'x'.repeat(121), `// https://example.org/${'x'.repeat(120)}`].join('\n');
  assert.deepEqual(tooWide('a.ts', made), ['a.ts:2: 121']);
});

/** Comments of a file as one text; a line that is broken is one sentence all the same. */
function commentsOf(text: string): string {
  return text
    .split('\n')
    .flatMap((line) => /^\s*(?:\/\/|\/\*\*|\*|#)(.*)|(?<=[\s;,{])\/\/ (.*)$/.exec(line)?.slice(1).join('') ?? [])
    .join('\n')
    .replace(/\n\s*/g, ' ');
}

/**
 * Documents of this repository that a comment names. What stands in other repositories follows their name: `(Argo CD:
 * docs/user-guide/helm.md)`.
 */
function documentsNamed(comments: string): string[] {
  const own = comments.replace(/\(?\b(?:Argo CD|Helm|git-lfs|kstatus)(?:'s [\w ]+;|:) [^).]*(?:\.\w[^).]*)*\)?/g, '');
  return [...own.matchAll(/(?<![\w/.-])(?:[\w-]+\/)*[\w-]+\.md\b|(?<![\w/.-])docs\/decisions\/\d{4}/g)].map(
    ([name]) => name,
  );
}

const isThere = (name: string): boolean =>
  existsSync(join(root, name)) ||
  (name.startsWith('docs/decisions/') &&
    readdirSync(join(root, 'docs/decisions')).some((file) => `docs/decisions/${file}`.startsWith(`${name}-`)));

test('every document that a comment names is in the repository, and none is cited by a section sign', () => {
  const files = ['src', 'sandbox', 'tools', 'test', 'bench', 'deploy']
    .flatMap(filesOf)
    .filter((file) => /\.(ts|mjs|go|yaml)$/.test(file) && !file.startsWith('test/render/oracle/'));
  const wrong = files.flatMap((file) => {
    const comments = commentsOf(read(file));
    const missing = documentsNamed(comments).filter((name) => !isThere(name));
    return [...missing, ...(comments.match(/\S+ §\S*/g) ?? [])].map((name) => `${file}: ${name}`);
  });
  assert.deepEqual(wrong, []);
});

test('every file that ARCHITECTURE, CONTRIBUTING and the README name is there', () => {
  const wrong = ['ARCHITECTURE.md', 'CONTRIBUTING.md', 'README.md', 'SECURITY.md'].flatMap((document) =>
    [...read(document).matchAll(/`((?:[\w-]+\/)*[\w.-]+\.(?:ts|mjs|md|ya?ml))`|\]\(((?!https:)[^)#]+)\)/g)]
      .map(([, quoted, linked]) => quoted ?? linked ?? '')
      .filter((name) => !existsSync(join(root, name)) && !existsSync(join(root, 'src', name)))
      .map((name) => `${document}: ${name}`),
  );
  assert.deepEqual(wrong, []);
});

test('every file that a document of docs/, examples/ and deploy/ names with its folder is there', () => {
  const documents = ['docs', 'examples', 'deploy'].flatMap(filesOf).filter((file) => file.endsWith('.md'));
  assert.ok(documents.length > 50, `${documents.length} documents`);
  const wrong = documents.flatMap((document) =>
    [...read(document).matchAll(/`((?:[\w.-]+\/)+[\w.-]+\.(?:ts|mjs|md|sh|ya?ml))`|\]\(((?!https:)[^)#]+)/g)]
      .map(([, quoted, linked]) => quoted ?? linked ?? '')
      .filter((name) => !['', 'src', 'test', dirname(document)].some((from) => existsSync(join(root, from, name))))
      .map((name) => `${document}: ${name}`),
  );
  assert.deepEqual(wrong, []);
});

test('a named document that is not there is found, over lines too; one of another repository is not', () => {
  const text =
    '// Says why (notes.md), as docs/decisions/9999 has it (Argo CD:\n// docs/user-guide/helm.md).\n' +
    'const a = 1; // CONTRIBUTING.md';
  assert.deepEqual(documentsNamed(commentsOf(text)), ['notes.md', 'docs/decisions/9999', 'CONTRIBUTING.md']);
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
    ['src/engine/engine.ts', 'src/operator/config.ts', false],
    ['src/main.ts', 'src/operator/config.ts', true],
    ['src/cli/cli.ts', 'src/operator/config.ts', true],
    ['src/main.ts', 'sandbox/scene.ts', false],
    ['src/engine/reconcile.ts', 'src/engine/drift/drift.ts', true],
    ['src/engine/drift/drift.ts', 'src/engine/approval/round.ts', true],
    ['src/engine/approval/round.ts', 'src/engine/drift/drift.ts', false],
    ['src/engine/drift/drift.ts', 'src/engine/decide/decide.ts', false],
    ['src/engine/delete/delete.ts', 'src/engine/engine.ts', false],
    ['src/engine/approval/authors.ts', 'src/github/client/client.ts', true],
    ['src/github/client/client.ts', 'src/engine/application/pass.ts', false],
    ['src/github/client/client.ts', 'src/github/pull/read-pull.ts', false],
    ['src/github/pull/read-pull.ts', 'src/github/client/client.ts', true],
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
