// Why an application cannot be synced: the cause instead of what follows from it, at the line of the field.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createChange } from '../../src/change/change.ts';
import { fieldLine } from '../../src/change/field-place.ts';
import { application, configMap, live, world, type World } from './fixture.ts';

/** Here each file is an object of its own; which tool renders the folder is told by its name. */
const kustomization = configMap('tool', '1');

async function errorsOf(w: World): Promise<unknown[]> {
  const { apps } = await createChange(w.deps).preview(w.pull('change'), new AbortController().signal);
  return apps.map(({ error, effect }) => error ?? effect?.errors);
}

/** What is no whole object is refused, as patches and charts are when their tool is gone. */
function refusing(w: World): void {
  const { effect } = w.deps;
  w.deps.effect = async (input, signal) => {
    const found = await effect(input, signal);
    const wrong = input.target.filter((object) => object.kind !== 'ConfigMap');
    return {
      ...found,
      errors: wrong.map((object) => ({
        key: { group: '', kind: object.kind, namespace: 'shop', name: 'x' },
        code: 'E_MANIFEST',
        message: 'refused',
      })),
    };
  };
}

for (const [tool, file, text] of [
  ['Kustomize', 'kustomization.yaml', kustomization],
  ['Kustomize', 'Kustomization', kustomization],
  ['Helm', 'Chart.yaml', configMap('tool', '2')],
] as const) {
  test(`a ${file} that is gone is told instead of what follows from it`, async (t) => {
    const w = world(t, { 'apps/web/web.yaml': configMap('web', '1'), [`apps/web/${file}`]: text });
    refusing(w);
    live(w.apps, application(w.origin, 'web'));
    w.origin.commit(
      'gone',
      { [`apps/web/${file}`]: undefined, 'apps/web/patch.yaml': 'apiVersion: v1\nkind: Patch\nmetadata: {name: x}\n' },
      'change',
    );
    const [error] = await errorsOf(w);
    assert.deepEqual(error, {
      code: 'E_RENDER',
      message: `cannot be rendered any more as ${tool}: ${file} is gone`,
      hint: 'Put the file back, or move the Application to where it is now.',
      place: { file: `apps/web/${file}` },
    });
  });
}

test('a folder that another tool renders now is told by its own error', async (t) => {
  const w = world(t, { 'apps/web/web.yaml': configMap('web', '1'), 'apps/web/kustomization.yaml': kustomization });
  refusing(w);
  live(w.apps, application(w.origin, 'web'));
  const files = {
    'apps/web/kustomization.yaml': undefined,
    'apps/web/Chart.yaml': 'apiVersion: v1\nkind: Chart\nmetadata: {name: x}\n',
  };
  w.origin.commit('move', files, 'change');
  assert.deepEqual(
    (await errorsOf(w)).flat().map((error) => (error as { message: string }).message),
    ['refused'],
  );
});

test('a field that the cluster refuses is told with its line in the file', async (t) => {
  const broken = 'apiVersion: v1\nkind: Broken\nspec:\n  list:\n    - name: a\n    - wrong: 1\n';
  const file = `# settings\n---\n${configMap('web', '1')}---\n${broken}`;
  const w = world(t, { 'apps/web/web.yaml': configMap('web', '1') });
  const { effect } = w.deps;
  w.deps.effect = async (input, signal) => ({
    ...(await effect({ ...input, target: [] }, signal)),
    errors: [
      {
        key: { group: '', kind: 'Broken', namespace: 'shop', name: 'x' },
        code: 'E_MANIFEST',
        message: '.spec.list[1].wrong: field not declared in schema',
        field: '.spec.list[1].wrong',
        place: { file: 'apps/web/web.yaml', line: 9 },
      },
    ],
  });
  live(w.apps, application(w.origin, 'web'));
  w.origin.commit('wrong', { 'apps/web/web.yaml': `${file}metadata: {name: x, namespace: shop}\n` }, 'change');
  const [[error]] = (await errorsOf(w)) as [[{ place: unknown }]];
  const lines = file.split('\n');
  assert.deepEqual(error.place, {
    file: 'apps/web/web.yaml',
    line: lines.findIndex((line) => line.includes('wrong')) + 1,
  });
});

test('a field that the file does not have, or a file that is no YAML, has no line', () => {
  const text = 'kind: A\nspec:\n  replicas: x\n---\nkind: B\nspec:\n  replicas: y\n  "a.b/c": 1\n';
  assert.equal(fieldLine(text, 1, '.spec.replicas'), 3);
  assert.equal(fieldLine(text, 5, 'spec.replicas'), 7);
  assert.equal(fieldLine(text, 5, '.spec.a.b/c'), 8);
  assert.equal(fieldLine(text, 1, '.spec.paused'), undefined);
  assert.equal(fieldLine('a: [', 1, '.a'), undefined);
  assert.equal(fieldLine(`a: &a [1]\n${'b: *a\n'.repeat(3)}`, 1, '.zz'), undefined);
  assert.equal(fieldLine('', 1, '.a'), undefined);
});
