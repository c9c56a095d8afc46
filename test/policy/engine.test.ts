// Whose turn an application is: by COX_ENGINE, its annotations and what is seen of Argo CD's controller.
import type { Application } from '../../src/model/application.ts';
import type { AppProject } from '../../src/model/project.ts';
import type { Engines, Turn } from '../../src/policy/engine.ts';
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isSkipped, isTurnFault, turnOf } from '../../src/policy/engine.ts';

const skip = 'argocd.argoproj.io/skip-reconcile';
const engine = 'coxswain.dev/engine';

function application(annotations: Record<string, string>): Application {
  return {
    apiVersion: 'argoproj.io/v1alpha1',
    kind: 'Application',
    metadata: { name: 'web', namespace: 'argocd', annotations },
    spec: { project: 'default', destination: { server: 'https://kubernetes.default.svc' } },
  };
}

function project(annotations: Record<string, string>): AppProject {
  return {
    apiVersion: 'argoproj.io/v1alpha1',
    kind: 'AppProject',
    metadata: { name: 'default', namespace: 'argocd', annotations },
    spec: {},
  };
}

const alone: Engines = { chosen: 'coxswain', controller: undefined };
const beside: Engines = { chosen: 'argocd', controller: undefined };
const both: Engines = { chosen: 'coxswain', controller: 'StatefulSet argocd-application-controller' };

const cases: [Engines, Record<string, string>, Record<string, string>, `${Turn['by']} ${Turn['rule']}`][] = [
  [alone, {}, {}, 'coxswain chosen'],
  [beside, {}, {}, 'argocd chosen'],
  [both, {}, {}, 'nobody two-engines'],
  // Argo CD leaves it alone, and so do we, unless somebody hands it over.
  [alone, { [skip]: 'true' }, {}, 'nobody paused'],
  [beside, { [skip]: 'true' }, {}, 'nobody paused'],
  [both, { [skip]: 'true' }, {}, 'nobody paused'],
  [alone, { [skip]: 'true', [engine]: 'coxswain' }, {}, 'coxswain named'],
  [beside, { [skip]: 'true', [engine]: 'coxswain' }, {}, 'coxswain named'],
  [both, { [skip]: 'true', [engine]: 'coxswain' }, {}, 'coxswain named'],
  [both, { [skip]: '1' }, { [engine]: 'coxswain' }, 'coxswain named'],
  [both, { [skip]: 'yes', [engine]: 'coxswain' }, {}, 'nobody two-engines'],
  // Without it, Argo CD goes on: never both.
  [beside, { [engine]: 'coxswain' }, {}, 'argocd not-skipped'],
  [both, { [engine]: 'coxswain' }, {}, 'nobody two-engines'],
  // Never none without saying so.
  [alone, { [engine]: 'argocd' }, {}, 'nobody no-controller'],
  [both, { [engine]: 'argocd' }, {}, 'argocd named'],
  [beside, { [skip]: 'true', [engine]: 'argocd' }, {}, 'nobody contradiction'],
  [both, {}, { [engine]: 'argocd' }, 'argocd named'],
  [alone, { [engine]: 'coxswain' }, { [engine]: 'argocd' }, 'coxswain named'],
  [alone, { [engine]: 'argo' }, {}, 'nobody unread'],
  [beside, { [engine]: ' argocd ' }, {}, 'argocd named'],
];

for (const [engines, own, ofProject, expected] of cases) {
  const where = engines === both ? 'coxswain, with a controller' : engines.chosen;
  test(`COX_ENGINE=${where}: ${JSON.stringify(own)} in ${JSON.stringify(ofProject)} is ${expected}`, () => {
    const turn = turnOf(application(own), project(ofProject), engines);
    assert.equal(`${turn.by} ${turn.rule}`, expected);
    assert.equal(isTurnFault(turn), !['chosen', 'named', 'paused'].includes(turn.rule));
  });
}

test('never do both engines work on it, and Argo CD only where it does not leave it alone', () => {
  for (const chosen of ['coxswain', 'argocd'] as const)
    for (const controller of [undefined, 'Deployment renamed'])
      for (const skipped of ['', 'false', 'true', 'T', '0'])
        for (const named of ['', 'coxswain', 'argocd', 'other'])
          for (const inProject of ['', 'coxswain', 'argocd']) {
            const app = application({ [skip]: skipped, ...(named && { [engine]: named }) });
            const turn = turnOf(app, project(inProject ? { [engine]: inProject } : {}), { chosen, controller });
            const argoWorks = (chosen === 'argocd' || controller !== undefined) && !isSkipped(app);
            assert.ok(!(argoWorks && turn.by === 'coxswain'), JSON.stringify({ chosen, controller, skipped, named }));
            assert.ok(
              !(isSkipped(app) && turn.by === 'argocd'),
              JSON.stringify({ chosen, controller, skipped, named }),
            );
          }
});
