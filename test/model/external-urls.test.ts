// Where people reach what an application deploys, as its status tells.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { config, operate, push, synced } from '../engine/manifests.ts';
import { stage } from '../engine/fixture.ts';

function ingress(name: string, spec: string, annotations = ''): string {
  return (
    `apiVersion: networking.k8s.io/v1\nkind: Ingress\nmetadata: {name: ${name}, annotations: {${annotations}}}\n` +
    `spec:\n${spec}`
  );
}

function rule(host: string, path: string): string {
  const backend = 'backend: {service: {name: web, port: {number: 80}}}';
  return `  rules: [{host: ${host}, http: {paths: [{path: ${path}, pathType: Prefix, ${backend}}]}}]\n`;
}

test('status.summary.externalURLs has addresses of Ingresses and links, each once, while they are live', async (t) => {
  const link = (of: string): string => `link.argocd.argoproj.io/${of}`;
  const s = await stage(t, {
    'urls/plain.yaml': ingress('plain', rule('shop.example.com', '/cart')),
    'urls/secure.yaml': ingress('secure', `${rule('shop.example.com', '/')}  tls: [{secretName: cert}]\n`),
    'urls/silent.yaml': ingress(
      'silent',
      rule('inner.example.com', '/'),
      'argocd.argoproj.io/ignore-default-links: "true"',
    ),
    'urls/linked.yaml': config(
      'linked',
      '1',
      `${link('docs')}: "Docs|https://docs.example.com", ${link('bad')}: "javascript:alert(1)"`,
    ),
  });
  const source = { repoURL: s.url, path: 'urls', targetRevision: 'main' };
  await s.apply('urls', { source }, { annotations: { [link('board')]: 'https://board.example.com' } });
  const before = await s.until('urls', 'compared', (app) => app.status?.summary !== undefined);
  assert.deepEqual(before.status?.summary?.externalURLs, ['https://board.example.com'], 'nothing is there yet');
  await operate(s, 'urls', { sync: {} });
  const app = await synced(s, 'urls');
  assert.deepEqual(app.status?.summary?.externalURLs, [
    'Docs|https://docs.example.com',
    'http://shop.example.com/cart',
    'https://board.example.com',
    'https://shop.example.com/',
  ]);
  await push(s, { 'urls/plain.yaml': undefined });
  await operate(s, 'urls', { sync: { prune: true } });
  await s.until(
    'urls',
    'the pruned one is told no more',
    ({ status }) => status?.summary?.externalURLs?.includes('http://shop.example.com/cart') === false,
  );
});
