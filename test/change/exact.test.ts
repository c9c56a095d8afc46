// What a file of Git says is what is stored and shown, to the digit and the letter, whichever tool renders it.
import type { Stage } from '../engine/fixture.ts';
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { renderComment } from '../../src/github/markdown/comment.ts';
import { crd } from '../cluster/connect.ts';
import { automated, push, synced } from '../engine/manifests.ts';
import { stage } from '../engine/fixture.ts';
import { preview, rowOf } from './on-stage.ts';

const large = '9007199254740993';
const larger = '9007199254740995';

/** All that YAML 1.1 and 1.2 read in two ways, as Kubernetes does. */
function ledger(apiVersion: string, name: string, offset: string): string {
  return `apiVersion: ${apiVersion}
kind: Ledger
metadata:
  name: ${name}
spec:
  base: &base {first: 1, second: 2}
  merged:
    first: own
    <<: *base
  commit: 1234e567
  beyond: 1e400
  hex: 0X1F
  octal: 0o14
  time: 12:30:45
  bytes: !!binary aGVsbG8=
  offset: ${offset}
`;
}

const read = {
  base: { first: 1, second: 2 },
  merged: { first: 1, second: 2 },
  ...{
    commit: '1234e567',
    beyond: '1e400',
    hex: 31,
    octal: 12,
    time: '12:30:45',
    bytes: 'hello',
    offset: BigInt(large),
  },
};

interface Tool {
  files: (offset: string) => Record<string, string>;
  spec: Record<string, unknown>;
}

function tools(apiVersion: string): Record<string, Tool> {
  const jsonnet = (offset: string): string =>
    `{ apiVersion: '${apiVersion}', kind: 'Ledger', metadata: { name: 'jsonnet' },\n` +
    `  spec: { commit: '1234e567', hex: 31, time: '12:30:45',\n  offset: ${offset} } }\n`;
  return {
    plain: { files: (offset) => ({ 'a.yaml': ledger(apiVersion, 'plain', offset) }), spec: read },
    helm: {
      files: (offset) => ({
        'Chart.yaml': 'apiVersion: v2\nname: helm\nversion: 1.0.0\n',
        'templates/a.yaml': ledger(apiVersion, 'helm', offset),
      }),
      spec: read,
    },
    kustomize: {
      files: (offset) => ({
        'kustomization.yaml': 'resources: [a.yaml]\n',
        'a.yaml': ledger(apiVersion, 'kustomize', offset),
      }),
      // To Kustomize a key of the map itself goes before what is merged into it.
      spec: { ...read, merged: { first: 'own', second: 2 } },
    },
    jsonnet: {
      files: (offset) => ({ 'a.jsonnet': jsonnet(offset) }),
      spec: { commit: '1234e567', hex: 31, time: '12:30:45', offset: '9007199254740993' },
    },
  };
}

function under(name: string, files: Record<string, string>): Record<string, string> {
  return Object.fromEntries(Object.entries(files).map(([file, text]) => [`${name}/${file}`, text]));
}

/** Jsonnet has doubles alone: what must be exact is text there. */
function offsetFor(name: string, digits: string): string {
  return name === 'jsonnet' ? `'${digits}'` : digits;
}

async function commentOf(s: Stage, files: Record<string, string>): Promise<string> {
  const found = await preview(s, files);
  return (await renderComment({ preview: found, activity: '', refused: '', publicUrl: 'https://cox.example' })).body;
}

test('what is stored and shown is what Git says, by each of the four tools', async (t) => {
  const s = await stage(t, { 'README.md': 'infra' });
  const group = `${s.namespace}.example`;
  await s.cluster.api.create(crd(group, 'Ledger'));
  await s.cluster.discovery.await({ group, version: 'v1', kind: 'Ledger' }, AbortSignal.timeout(20_000));
  const all = tools(`${group}/v1`);
  for (const [name, { files }] of Object.entries(all)) s.commit(under(name, files(offsetFor(name, large))));
  for (const [name, { spec }] of Object.entries(all)) {
    await s.apply(name, { syncPolicy: automated });
    await synced(s, name);
    const stored = await s.cluster.api.get({ group, kind: 'Ledger', namespace: s.namespace, name });
    assert.deepEqual(stored?.['spec'], spec, name);
  }
  for (const [name, { files }] of Object.entries(all)) {
    const body = await commentOf(s, under(name, files(offsetFor(name, larger))));
    const changed = body.split('\n').filter((line) => /^[+-] .*\d{16}/.test(line));
    assert.deepEqual(
      changed.map((line) => line.replace(/^([+-]) .*?(\d{16}).*$/, '$1 $2')),
      [`- ${large}`, `+ ${larger}`],
      `${name}: ${body}`,
    );
  }
  // What Jsonnet would round is told with its place, before and after the merge.
  const rounded = under('jsonnet', all['jsonnet']?.files(large) ?? {});
  assert.equal(rowOf(await preview(s, rounded), 'jsonnet').error?.code, 'E_RENDER');
  await push(s, rounded);
  const broken = await s.until('jsonnet', 'refused', (app) => app.status?.sync?.status === 'Unknown');
  assert.match(JSON.stringify(broken.status?.conditions), /a\.jsonnet:\d+.*beyond 2\^53/);
});
