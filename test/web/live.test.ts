// An open page: the real script over a real server and its events, in as much of a document as it needs.
import type { Document, HTMLDetailsElement, HTMLElement, HTMLInputElement } from 'happy-dom';
import type { Stage } from '../engine/fixture.ts';
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { eventually } from '../control-plane.ts';
import { stage } from '../engine/fixture.ts';
import { open, serve } from './serve.ts';

/** An application that the engine leaves alone: what is shown is what the test writes. */
async function show(
  s: Stage,
  name: string,
  status: Record<string, unknown> = { sync: { status: 'Synced' }, health: { status: 'Healthy' } },
): Promise<void> {
  await s.apply(name, {}, { annotations: { 'argocd.argoproj.io/skip-reconcile': 'true' } });
  await s.until(name, 'known', () => true);
  await s.store.applications.patch(`${s.namespace}/${name}`, { status });
}

function byId<T = HTMLElement>(document: Document, id: string): T {
  const found = document.getElementById(id);
  assert.ok(found, `#${id}`);
  return found as T;
}

const rows = (document: Document): HTMLElement[] =>
  [...document.querySelectorAll('#applications > tr')] as HTMLElement[];
const names = (document: Document): string[] =>
  rows(document)
    .filter((row) => !row.hidden)
    .map((row) => row.querySelector('a')?.textContent ?? '');
const connection = (document: Document): string => byId(document, 'connection').textContent;
const until = (what: string, test: () => boolean): Promise<unknown> => eventually(what, () => test() || undefined);

function windowOf({ defaultView }: Document): NonNullable<Document['defaultView']> {
  assert.ok(defaultView);
  return defaultView;
}

function key(document: Document, name: string): void {
  const { KeyboardEvent } = windowOf(document);
  document.activeElement?.dispatchEvent(new KeyboardEvent('keydown', { key: name, bubbles: true }));
}

function write(box: HTMLInputElement, text: string): void {
  const { Event } = windowOf(box.ownerDocument);
  box.value = text;
  box.dispatchEvent(new Event('input', { bubbles: true }));
}

/** As when the person turns to another tab, and back. */
function turn(document: Document, hidden: boolean): void {
  const { Event } = windowOf(document);
  Object.defineProperty(document, 'hidden', { value: hidden, configurable: true });
  document.dispatchEvent(new Event('visibilitychange'));
}

test('the list follows the cluster: rows come, change, move and go, and what is the same is left alone', async (t) => {
  const s = await stage(t, { 'readme.md': 'nothing' });
  for (const name of ['alpha', 'beta', 'gamma']) await show(s, name);
  const { document } = await open(t, await serve(t, s), '/');
  await until('the stream', () => connection(document) === 'Live');
  assert.deepEqual(names(document), ['alpha', 'beta', 'gamma']);
  const [alpha, beta] = rows(document);
  beta?.querySelector('a')?.focus();

  await show(s, 'gamma', { sync: { status: 'OutOfSync' }, health: { status: 'Degraded', message: 'no' } });
  await until('gamma comes first', () => names(document)[0] === 'gamma');
  assert.match(rows(document)[0]?.textContent ?? '', /OutOfSync[^]*degraded: no/);
  assert.ok(rows(document)[0]?.classList.contains('changed'));
  assert.ok(rows(document)[1] === alpha, 'the same row');
  assert.ok(document.activeElement === beta?.querySelector('a'), 'whoever reads beta goes on reading it');

  await show(s, 'aaa');
  await until('a new row in its place', () => names(document).join() === 'gamma,aaa,alpha,beta');
  await s.cluster.api.delete({ group: 'argoproj.io', kind: 'Application', namespace: s.namespace, name: 'alpha' });
  await until('a row that goes', () => names(document).join() === 'gamma,aaa,beta');
  assert.ok(rows(document)[2] === beta);
  assert.match(byId(document, 'chips').textContent, /All3/);
});

test('the filter holds for what comes later, stands in the address, and is driven by the keyboard', async (t) => {
  const s = await stage(t, { 'readme.md': 'nothing' });
  for (const name of ['checkout-dev', 'checkout-prod', 'search-dev']) await show(s, name);
  await show(s, 'search-prod', { sync: { status: 'OutOfSync' }, health: { status: 'Healthy' } });
  const served = await serve(t, s);
  const { document, search } = await open(t, served, '/?q=checkout');
  await until('the stream', () => connection(document) === 'Live');
  assert.deepEqual(names(document), ['checkout-dev', 'checkout-prod']);
  await show(s, 'checkout-new');
  await show(s, 'search-new');
  await until('both are there', () => rows(document).length === 6);
  assert.deepEqual(names(document), ['checkout-dev', 'checkout-new', 'checkout-prod']);

  const box = byId<HTMLInputElement>(document, 'filter');
  key(document, '/');
  assert.ok(document.activeElement === box);
  write(box, 'prod');
  assert.deepEqual([names(document), search()], [['search-prod', 'checkout-prod'], '?q=prod']);
  key(document, 'ArrowDown');
  key(document, 'ArrowDown');
  assert.equal(document.activeElement?.textContent, 'checkout-prod');
  key(document, 'ArrowUp');
  assert.equal(document.activeElement?.textContent, 'search-prod');
  document.querySelector<HTMLElement>('.chip[data-tag=outofsync]')?.click();
  assert.deepEqual([names(document), search()], [['search-prod'], '?q=prod&show=outofsync']);
  write(box, 'nothing like that');
  assert.equal(byId(document, 'none').classList.contains('hidden'), false);
  key(document, 'Escape');
  assert.deepEqual(
    [names(document).length, search(), byId(document, 'none').classList.contains('hidden')],
    [6, '', true],
  );
});

test('the page of an application keeps open what was opened, and says when the application is gone', async (t) => {
  const s = await stage(t, { 'readme.md': 'nothing' });
  const result = (name: string): Record<string, unknown> => ({
    group: '',
    version: 'v1',
    kind: 'ConfigMap',
    namespace: s.namespace,
    name,
    status: 'Synced',
    message: 'configured',
  });
  const state = (...done: string[]): Record<string, unknown> => ({
    operationState: {
      phase: 'Running',
      message: `${done.length} done`,
      startedAt: '2026-01-01T00:00:00Z',
      operation: { sync: {} },
      syncResult: { revision: 'a'.repeat(40), resources: done.map(result) },
    },
  });
  await show(s, 'shop', state('one'));
  const { document } = await open(t, await serve(t, s), `/applications/${s.namespace}/shop`);
  await until('the stream', () => connection(document) === 'Live');
  const facts = byId(document, 'facts');
  byId<HTMLDetailsElement>(document, 'results').open = true;
  byId(document, 'results').querySelector<HTMLElement>('summary')?.focus();
  await s.store.applications.patch(`${s.namespace}/shop`, { status: state('one', 'two') });
  await until('the second object', () => byId(document, 'operation').textContent.includes('2 done'));
  assert.equal(byId<HTMLDetailsElement>(document, 'results').open, true);
  const focused = document.activeElement?.closest('#operation');
  assert.ok(focused === byId(document, 'operation'), 'the focus stays in the part');
  assert.ok(byId(document, 'facts') === facts, 'what did not change is left alone');
  assert.match(document.querySelectorAll('time[datetime]')[0]?.textContent ?? '', /ago$/);
  assert.ok(byId(document, 'gone').classList.contains('hidden'));
  await s.cluster.api.delete({ group: 'argoproj.io', kind: 'Application', namespace: s.namespace, name: 'shop' });
  await until('it is gone', () => !byId(document, 'gone').classList.contains('hidden'));
});

test('a lost connection is told, and what changed meanwhile is read when it is back', async (t) => {
  const s = await stage(t, { 'readme.md': 'nothing' });
  await show(s, 'first');
  const served = await serve(t, s);
  const { document } = await open(t, served, '/');
  await until('the stream', () => connection(document) === 'Live');
  await served.stop();
  await until('it is lost', () => connection(document) === 'Connection lost, trying again');
  await show(s, 'second');
  await served.start();
  await until(
    'the page is whole again',
    () => connection(document) === 'Live' && names(document).join() === 'first,second',
  );
});

test('a hidden page asks for nothing, and is up to date when it is looked at again', async (t) => {
  const s = await stage(t, { 'readme.md': 'nothing' });
  await show(s, 'first');
  const served = await serve(t, s);
  const [hidden, other] = [await open(t, served, '/'), await open(t, served, '/?q=x')];
  await until('both streams', () => connection(hidden.document) === 'Live' && connection(other.document) === 'Live');
  await until('the first reading', () => served.asked('/') >= 3);
  turn(hidden.document, true);
  const before = served.asked('/');
  await show(s, 'second');
  await until('the other page has it', () => rows(other.document).length === 2);
  assert.deepEqual([rows(hidden.document).length, served.asked('/events')], [1, 2]);
  assert.ok(served.asked('/') > before);
  turn(hidden.document, false);
  await until('it has it too', () => rows(hidden.document).length === 2);
  assert.equal(served.asked('/events'), 3);
});

const running = (image: string): string => `apiVersion: apps/v1
kind: Deployment
metadata: {name: tree}
spec:
  replicas: 2
  selector: {matchLabels: {app: tree}}
  template:
    metadata: {labels: {app: tree}}
    spec: {containers: [{name: tree, image: "${image}"}]}
`;

test('what controllers made of an object is told in a line, and read when somebody opens it', async (t) => {
  const s = await stage(t, { 'page-tree/a.yaml': running('nginx:1') });
  await s.apply('page-tree', { syncPolicy: { automated: {} } });
  await s.until('page-tree', 'Healthy', ({ status }) => status?.health?.status === 'Healthy' && !!status.history);
  const served = await serve(t, s);
  const path = `/applications/${s.namespace}/page-tree`;
  const { document } = await open(t, served, path);
  await until('the stream', () => connection(document) === 'Live');
  const part = (): HTMLDetailsElement => {
    const found = document.querySelector('details[data-below]');
    assert.ok(found);
    return found as unknown as HTMLDetailsElement;
  };
  assert.equal(part().querySelector('summary')?.textContent, '1 ReplicaSet, 2 Pods');
  const uid = part().dataset['below'] ?? '';
  assert.equal(served.asked(`${path}/below/${uid}`), 0, 'nothing is read before');
  part().open = true;
  part().dispatchEvent(new (windowOf(document).Event)('toggle'));
  const lines = (): string[] =>
    [...part().querySelectorAll('li')].map((row) => row.textContent.replaceAll(/\s+/g, ' ').trim());
  await until('its rows', () => lines().length === 3);
  assert.match(lines()[0] ?? '', /^ReplicaSetapps tree-\w+.* Healthy$/);
  for (const line of lines().slice(1)) assert.match(line, /^Pod tree-\w+-\w+.* Healthy$/);
  assert.deepEqual(
    [...part().querySelectorAll('li')].map((row) => row.className),
    ['object-line deep-1', 'object-line deep-2', 'object-line deep-2'],
  );
  // A line that is replaced stays open, and is read again.
  s.commit({ 'page-tree/a.yaml': running('nginx:2') });
  await s.engine.onPush(s.url);
  await until(
    'the second ReplicaSet',
    () => part().open && lines().filter((line) => /^Replica/.test(line)).length === 2,
  );
});

test('a uid opens what is below an object of that application alone', async (t) => {
  const s = await stage(t, { 'page-uid/a.yaml': running('nginx:1'), 'page-none/a.yaml': 'kind: Nothing' });
  await s.apply('page-uid', { syncPolicy: { automated: {} } });
  await s.apply('page-none');
  await s.until('page-uid', 'Healthy', ({ status }) => status?.health?.status === 'Healthy' && !!status.history);
  const { get } = await serve(t, s);
  const deployment = s.cluster.live.get({ group: 'apps', kind: 'Deployment', namespace: s.namespace, name: 'tree' });
  const [set] = s.cluster.live.childrenOf(deployment?.uid ?? '');
  const below = async (name: string, uid = ''): Promise<number> =>
    (await get(`/applications/${s.namespace}/${name}/below/${uid}`)).status;
  assert.equal(await below('page-uid', deployment?.uid), 200);
  assert.equal(await below('page-uid', set?.uid), 404, 'not what a controller made');
  assert.equal(await below('page-none', deployment?.uid), 404, 'not of another application');
  assert.equal(await below('page-gone', deployment?.uid), 404);
});
