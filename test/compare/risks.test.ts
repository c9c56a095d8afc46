// What is pointed out as risky in an effect.
import type { Application } from '../../src/model/application.ts';
import type { ObjectEffect } from '../../src/compare/effect/facts.ts';
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { risksOf } from '../../src/compare/effect/risks.ts';

function app(environment?: string): Application {
  const annotations = environment === undefined ? {} : { annotations: { 'coxswain.dev/environment': environment } };
  return {
    apiVersion: 'argoproj.io/v1alpha1',
    kind: 'Application',
    metadata: { name: 'a', namespace: 'n', ...annotations },
    spec: { project: 'p', destination: {} },
  };
}

function deleted(group: string, kind: string): ObjectEffect {
  const key = { group, kind, namespace: 'n', name: 'x' };
  return { key, operation: { op: 'delete', key, phase: 'Sync', wave: 0 } };
}

const scaled: ObjectEffect = {
  key: { group: 'apps', kind: 'Deployment', namespace: 'n', name: 'x' },
  total: {
    key: { group: 'apps', kind: 'Deployment', namespace: 'n', name: 'x' },
    action: 'change',
    changes: [{ path: ['spec', 'replicas'], text: 'spec.replicas', before: 2, after: 0 }],
    notes: [],
  },
};

const rows: { name: string; environment?: string; object: ObjectEffect; says: RegExp | undefined }[] = [
  { name: 'a volume claim', object: deleted('', 'PersistentVolumeClaim'), says: /data/ },
  {
    name: 'a definition',
    object: deleted('apiextensions.k8s.io', 'CustomResourceDefinition'),
    says: /every object of that kind/,
  },
  { name: 'a namespace', object: deleted('', 'Namespace'), says: /everything in it/ },
  { name: 'a ConfigMap', object: deleted('', 'ConfigMap'), says: undefined },
  { name: 'a ConfigMap in production', environment: 'prod', object: deleted('', 'ConfigMap'), says: /in production/ },
  { name: 'a ConfigMap in eu-prod', environment: 'eu-prod', object: deleted('', 'ConfigMap'), says: /in production/ },
  {
    name: 'a ConfigMap in a preview of a product',
    environment: 'product-preview',
    object: deleted('', 'ConfigMap'),
    says: undefined,
  },
  { name: 'a scale to zero', object: scaled, says: /0 replicas/ },
];
for (const row of rows) {
  test(`risk: ${row.name}`, () => {
    const texts = risksOf(app(row.environment), [row.object]).map(({ text }) => text);
    if (row.says) assert.match(texts.join(), row.says);
    else assert.deepEqual(texts, []);
  });
}
