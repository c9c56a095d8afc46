// However a path is written, and whatever links it leads over: a change there is noticed.
import type { ApplicationSource } from '../../src/model/application.ts';
import type { Bench } from './bench.ts';
import assert from 'node:assert/strict';
import { mkdirSync, rmSync, symlinkSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { test } from 'node:test';
import { bench, configMap } from './bench.ts';
import { ChangedPaths } from '../../src/git/touch.ts';

type Source = Omit<ApplicationSource, 'repoURL'>;

/** Whether what it read names the paths of the next commit. */
async function notices({ origin, render }: Bench, source: Source, change: () => void): Promise<boolean> {
  const { inputs } = await render(source);
  const before = origin.git('rev-parse', 'HEAD');
  change();
  origin.commit('change', {});
  return (await ChangedPaths.of(origin.git('diff', '--name-only', '--no-renames', before, 'HEAD').split('\n'))).touch(
    inputs,
  );
}

function link(b: Bench, path: string, target: string): void {
  const place = join(b.origin.git('rev-parse', '--show-toplevel'), path);
  rmSync(place, { force: true });
  mkdirSync(dirname(place), { recursive: true });
  symlinkSync(target, place);
}

for (const path of ['pa', './pa', 'pa/', 'pa//', './/pa/.', 'other/../pa', 'ln', './ln/', 'far/ln', 'lln']) {
  test(`a file that is added below ${path} is noticed, and one beside it is not`, async (t) => {
    const b = await bench(t, {
      'pa/a.yaml': configMap('a'),
      'pb/b.yaml': configMap('b'),
      'other/x.yaml': configMap('x'),
      'beside/c.yaml': configMap('c'),
    });
    link(b, 'ln', 'pa');
    link(b, 'lln', 'ln');
    link(b, 'far/ln', '../pa');
    b.origin.commit('links', {});
    assert.equal(
      await notices(b, { path }, () => b.origin.commit('added', { 'pa/added.yaml': configMap('added') })),
      true,
    );
    assert.equal((await b.render({ path })).manifests.length, 2);
    assert.equal(
      await notices(b, { path }, () => b.origin.commit('beside', { 'beside/added.yaml': configMap('added') })),
      false,
    );
    if (path.includes('ln'))
      assert.equal(
        await notices(b, { path }, () =>
          link(b, path.includes('far') ? 'far/ln' : 'ln', path.includes('far') ? '../pb' : 'pb'),
        ),
        true,
        'where the link leads',
      );
  });
}

const chart = 'apiVersion: v2\nname: shop\nversion: 1.0.0\n';

for (const { what, source, files, links, changes } of [
  {
    what: 'value files',
    source: {
      path: './c/',
      helm: {
        valueFiles: ['./v.yaml', '../c/../ln.yaml', 'gone/../later.yaml', '/./root.yaml'],
        ignoreMissingValueFiles: true,
      },
    },
    files: {
      'c/Chart.yaml': chart,
      'c/v.yaml': 'a: 1\n',
      'real.yaml': 'b: 1\n',
      'root.yaml': 'c: 1\n',
      'unread.yaml': '',
    },
    links: { 'ln.yaml': 'mid.yaml', 'mid.yaml': 'real.yaml' },
    changes: {
      'c/v.yaml': true,
      'real.yaml': true,
      'mid.yaml': true,
      'c/later.yaml': true,
      'root.yaml': true,
      'unread.yaml': false,
    },
  },
  {
    what: 'bases and resources',
    source: { path: 'k/' },
    files: {
      'k/kustomization.yaml': 'resources: [./../base/, ./ln.yaml]\n',
      'b2/kustomization.yaml': 'resources: [./x.yaml]\n',
      'b2/x.yaml': configMap('x'),
      'real.yaml': configMap('y'),
      'unread.yaml': '',
    },
    links: { base: 'b2', 'k/ln.yaml': '../mid.yaml', 'mid.yaml': 'real.yaml' },
    changes: {
      base: true,
      'b2/new.yaml': true,
      'mid.yaml': true,
      'k/ln.yaml': true,
      'real.yaml': true,
      'unread.yaml': false,
    },
  },
  {
    what: 'local charts',
    source: { path: 'c' },
    files: {
      'c/Chart.yaml': `${chart}dependencies: [{name: lib, version: 1.0.0, repository: "file://./../ln/"}]\n`,
      'lib/Chart.yaml': chart.replace('shop', 'lib'),
      'lib/templates/x.yaml': configMap('x'),
    },
    links: { ln: 'lib' },
    changes: { ln: true, 'lib/templates/y.yaml': true, 'other/x.yaml': false },
  },
  {
    what: 'imports',
    source: { path: './j', directory: { jsonnet: { libs: ['./libs/'] } } },
    files: { 'j/x.jsonnet': "import './../libs/./y.libsonnet'", 'real/y.libsonnet': '[]', 'unread.yaml': '' },
    links: { libs: 'real' },
    changes: { libs: true, 'real/y.libsonnet': true, 'unread.yaml': false },
  },
  {
    what: 'manifests that are links',
    source: { path: 'd' },
    files: { 'd/a.yaml': configMap('a'), 'real.yaml': configMap('x'), 'unread.yaml': '' },
    links: { 'd/x.yaml': '../mid.yaml', 'mid.yaml': 'real.yaml' },
    changes: { 'd/x.yaml': true, 'mid.yaml': true, 'real.yaml': true, 'unread.yaml': false },
  },
] as {
  what: string;
  source: Source;
  files: Record<string, string>;
  links: Record<string, string>;
  changes: Record<string, boolean>;
}[]) {
  test(`${what} are known by all the paths that lead to them`, async (t) => {
    const b = await bench(t, files);
    for (const [path, target] of Object.entries(links)) link(b, path, target);
    b.origin.commit('links', {});
    const { inputs } = await b.render(source);
    for (const [path, expected] of Object.entries(changes))
      assert.equal((await ChangedPaths.of([path])).touch(inputs), expected, `${path} among ${inputs.join(', ')}`);
  });
}
