// The image: what it is built from is there, what it runs is in it, and it starts as the sandbox does.
import { test } from 'node:test';
import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { isBuiltin } from 'node:module';
import { join } from 'node:path';
import ts from 'typescript';
import { nodeFlags } from '../../sandbox/operator.ts';
import { pins } from '../../tools/pins.ts';

const root = join(import.meta.dirname, '../..');
const read = (name: string): string => readFileSync(join(root, name), 'utf8');
const instructions = read('Dockerfile')
  .replace(/ \\\n\s*/g, ' ')
  .split('\n');

test('what the image copies is in the repository, and .dockerignore lets it through', () => {
  const [everything, ...passed] = read('.dockerignore').trim().split('\n');
  assert.equal(everything, '*');
  const copied = instructions.flatMap((line) => {
    const [instruction, ...words] = line.split(/\s+/);
    return instruction !== 'COPY' || words[0]?.startsWith('--from=') ? [] : words.slice(0, -1);
  });
  const names = copied.map((name) => name.replace(/\/$/, ''));
  assert.ok(names.includes('src'));
  assert.deepEqual(
    names.filter((name) => !existsSync(join(root, name))),
    [],
  );
  assert.deepEqual(passed.toSorted(), [...new Set(names)].map((name) => `!${name}`).sort());
});

/** Packages that a file needs when it runs: type imports are stripped. */
function packagesOf(file: string): string[] {
  const found: string[] = [];
  const visit = (node: ts.Node): void => {
    const from =
      (ts.isImportDeclaration(node) && !node.importClause?.isTypeOnly) ||
      (ts.isExportDeclaration(node) && !node.isTypeOnly)
        ? node.moduleSpecifier
        : ts.isCallExpression(node) && node.expression.kind === ts.SyntaxKind.ImportKeyword
          ? node.arguments[0]
          : undefined;
    if (from && ts.isStringLiteral(from)) found.push(from.text);
    ts.forEachChild(node, visit);
  };
  visit(ts.createSourceFile(file, read(file), ts.ScriptTarget.Latest));
  return found
    .filter((name) => !name.startsWith('.') && !isBuiltin(name))
    .map((name) => /^(?:@[^/]+\/)?[^/]+/.exec(name)?.[0] ?? '');
}

/** What somebody who develops installs; without it the operator says so. */
const inDevelopment = ['smee-client'];

test('each package that src/ imports when it runs is a dependency, so that the image has it', () => {
  const { dependencies } = JSON.parse(read('package.json')) as { dependencies: Record<string, string> };
  const files = readdirSync(join(root, 'src'), { recursive: true, encoding: 'utf8' }).filter((name) =>
    name.endsWith('.ts'),
  );
  const wrong = files.flatMap((name) =>
    packagesOf(`src/${name}`)
      .filter((each) => !Object.hasOwn(dependencies, each) && !inDevelopment.includes(each))
      .map((each) => `src/${name}: ${each}`),
  );
  assert.deepEqual(wrong, []);
});

test('the lock file installs the dependencies that package.json names, and none as a tool of development', () => {
  const { dependencies } = JSON.parse(read('package.json')) as { dependencies: Record<string, string> };
  const { packages } = JSON.parse(read('package-lock.json')) as {
    packages: Record<string, { version?: string; dev?: boolean; dependencies?: Record<string, string> }>;
  };
  assert.deepEqual(packages['']?.dependencies, dependencies);
  for (const [name, version] of Object.entries(dependencies)) {
    assert.equal(packages[`node_modules/${name}`]?.version, version, name);
    assert.equal(packages[`node_modules/${name}`]?.dev, undefined, name);
  }
});

test('the image is built from the pinned tools with their versions', () => {
  for (const name of ['manifests', 'render'] as const) {
    const line = instructions.find(
      (each) => each.startsWith(`RUN go -C ${pins[name].module} build`) && each.includes(`-o /out/${name} `),
    );
    assert.ok(line?.endsWith(` ${pins[name].package}`), name);
    for (const [variable, value] of Object.entries(pins[name].set))
      assert.ok(line?.includes(`-X ${variable}=${value}`), variable);
  }
});

test('the image starts the operator as the sandbox does', () => {
  const entry = instructions.find((each) => each.startsWith('ENTRYPOINT '));
  assert.deepEqual(JSON.parse(entry?.slice('ENTRYPOINT '.length) ?? ''), ['node', ...nodeFlags, 'src/main.ts']);
});
