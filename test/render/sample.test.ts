// The sample repository: every application renders, and its manifests name one placeholder address.
import type { ApplicationSource } from '../../src/model/application.ts';
import type { RenderRequest } from '../../src/render/source/request.ts';
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import { bench, copyInto, names } from './bench.ts';

const sample = join(import.meta.dirname, '../../examples/infra');
const repoURL = 'https://github.com/acme/infra.git';

interface SampleApplication {
  name: string;
  namespace: string;
  source: ApplicationSource;
  automated: boolean;
  project: string;
}

test('every application of the sample renders from the root application down', async (t) => {
  const { origin, render } = await bench(t, { 'README.md': '' });
  copyInto(origin, sample);
  const root = await render({ path: 'cluster/demo/overlay' });
  const projects = new Map(
    root.manifests
      .filter(({ kind }) => kind === 'AppProject')
      .map((project) => [
        project.metadata.name,
        project.metadata.annotations?.['coxswain.dev/approval'] === 'required',
      ]),
  );
  const applications = root.manifests
    .filter(({ kind }) => kind === 'Application')
    .map((object) => applicationOf(object['spec'], object.metadata.name ?? ''));
  assert.deepEqual(applications.map(({ name }) => name).sort(), [
    'checkout-dev',
    'checkout-prod',
    'dashboards-dev',
    'dashboards-prod',
    'docs-dev',
    'docs-prod',
    'payments-dev',
    'payments-prod',
  ]);
  const rendered: Record<string, string[]> = {};
  for (const app of applications) {
    assert.equal(app.source.repoURL, repoURL);
    assert.equal(projects.get(app.project), app.name.endsWith('-prod'), `${app.name} is gated exactly in production`);
    assert.equal(app.automated, app.name.endsWith('-dev'));
    const change: Partial<RenderRequest> = {
      app: {
        name: app.name,
        namespace: 'argocd',
        destinationNamespace: app.namespace,
        project: app.project,
        revision: 'x',
      },
    };
    const result = await render(app.source, change);
    rendered[app.name] = names(result).sort();
    assert.ok(
      result.places.every((place) => place?.file.startsWith('apps/')),
      `${app.name}: every object has a place`,
    );
  }
  const checkout = [
    'ConfigMap/checkout-config',
    'ConfigMap/checkout-feature-flags',
    'Deployment/checkout',
    'Job/checkout-migrate',
    'Secret/checkout-credentials',
    'Service/checkout',
  ];
  assert.deepEqual(rendered, {
    'checkout-dev': checkout,
    'checkout-prod': checkout,
    'payments-dev': [
      'ConfigMap/payments-dev',
      'CronJob/payments-dev-settlement',
      'Deployment/payments-dev',
      'Service/payments',
    ],
    'payments-prod': [
      'ConfigMap/payments-prod',
      'CronJob/payments-prod-settlement',
      'Deployment/payments-prod',
      'Service/payments',
    ],
    'docs-dev': ['ConfigMap/docs-pages', 'Deployment/docs', 'Service/docs'],
    'docs-prod': ['ConfigMap/docs-pages', 'Deployment/docs', 'Service/docs'],
    'dashboards-dev': ['ConfigMap/dashboard-checkout', 'ConfigMap/dashboard-payments'],
    'dashboards-prod': ['ConfigMap/dashboard-checkout', 'ConfigMap/dashboard-payments'],
  });
});

function applicationOf(spec: unknown, name: string): SampleApplication {
  const { source, destination, project, syncPolicy } = spec as {
    source: ApplicationSource;
    destination: { namespace: string };
    project: string;
    syncPolicy?: { automated?: unknown };
  };
  return { name, source, namespace: destination.namespace, project, automated: syncPolicy?.automated !== undefined };
}
