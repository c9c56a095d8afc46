// How deliveries are taken by Probot behind our receiver: what it answers, and what its traps would be.
import type { TestContext } from 'node:test';
import type { Bed } from './fixture.ts';
import type { Push } from '../../src/github/deliveries.ts';
import type { Approval } from '../../src/model/coxswain.ts';
import type { GitHubOptions } from '../../src/github/parts.ts';
import assert from 'node:assert/strict';
import { createHmac } from 'node:crypto';
import { createServer } from 'node:http';
import { test } from 'node:test';
import { SteppedClock } from '../../src/base/clock.ts';
import { createLogger } from '../../src/base/log.ts';
import { createGitHub } from '../../src/github/github.ts';
import { openClient } from '../../src/github/client/client.ts';
import { eventually } from '../control-plane.ts';
import { bed, openPull, progressOf, repo } from './fixture.ts';
import { privateKey } from './client/fixture.ts';

const secret = 'a secret';

interface Sent {
  body: string;
  event?: string;
  type?: string;
  signedWith?: string;
}

async function post(
  url: string,
  { body, event = 'push', type = 'application/json', signedWith = secret }: Sent,
): Promise<string> {
  const signature = createHmac('sha256', signedWith).update(body).digest('hex');
  const answer = await fetch(url, {
    method: 'POST',
    body,
    headers: {
      'content-type': type,
      'x-github-event': event,
      'x-github-delivery': '1',
      'x-hub-signature-256': `sha256=${signature}`,
    },
  });
  return `${answer.status} ${(await answer.text()).trim()}`;
}

interface Receiving {
  url: string;
  pushes: Push[];
  lines: string[];
}

/** Nothing of it asks GitHub or the cluster: pushes are told, and that is all. */
async function receiving(t: TestContext, config: typeof app | undefined): Promise<Receiving> {
  const pushes: Push[] = [];
  const lines: string[] = [];
  const unused = {} as GitHubOptions['store'] & GitHubOptions['change'];
  const clock = new SteppedClock(Date.now());
  const log = createLogger({ level: 'debug', write: (line) => void lines.push(line) });
  const github = await createGitHub({
    client: config && (await openClient({ ...config, policies: unused, clock, log })),
    webhookSecret: secret,
    store: unused,
    change: unused,
    onPush: (push) => void pushes.push(push),
    every: () => () => undefined,
    publicUrl: 'https://cox.example.com',
    clock,
    log,
  });
  const server = createServer((request, response) => void github.handle(request, response));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  t.after(() => {
    server.closeAllConnections();
    server.close();
  });
  const address = server.address();
  return { url: `http://127.0.0.1:${typeof address === 'object' && address ? address.port : 0}/`, pushes, lines };
}

const app = { appId: 1, privateKey, webhookSecret: secret, apiUrl: 'http://127.0.0.1:1/api/v3' };
const pushed = JSON.stringify({
  ref: 'refs/tags/v1',
  before: 'a'.repeat(40),
  after: 'b'.repeat(40),
  commits: [{ added: ['a.yaml'], removed: [], modified: ['b.yaml', 'a.yaml'] }],
  repository: { name: 'infra', owner: { login: 'acme' }, clone_url: 'https://github.com/acme/infra.git' },
});
const told: Push = {
  repoUrl: 'https://github.com/acme/infra.git',
  ref: 'refs/tags/v1',
  before: 'a'.repeat(40),
  after: 'b'.repeat(40),
  changedPaths: ['a.yaml', 'b.yaml'],
};

for (const [name, config] of [
  ['with an App', app],
  ['without an App', undefined],
] as const) {
  test(`a signed push is taken as JSON and as a form, ${name}`, async (t) => {
    const r = await receiving(t, config);
    const form = new URLSearchParams({ payload: pushed }).toString();
    assert.equal(await post(r.url, { body: pushed }), '202 accepted');
    assert.equal(await post(r.url, { body: form, type: 'application/x-www-form-urlencoded' }), '202 accepted');
    assert.deepEqual(r.pushes, [told, told]);
  });

  test(`what is signed with another secret, or not JSON, is refused and fills no log, ${name}`, async (t) => {
    const r = await receiving(t, config);
    const type = 'application/x-www-form-urlencoded';
    assert.equal(await post(r.url, { body: pushed, signedWith: 'development' }), '401 the signature is wrong');
    assert.equal(await post(r.url, { body: 'payload={}', type, signedWith: 'x' }), '401 the signature is wrong');
    assert.equal(await post(r.url, { body: 'payload={', type }), '400 not JSON');
    assert.equal(await post(r.url, { body: 'hunter2hunter2 {' }), '400 not JSON');
    assert.deepEqual(r.pushes, []);
    for (const line of r.lines) {
      assert.match(line, /"level":"debug"/);
      assert.doesNotMatch(line, /hunter2|acme/);
    }
  });
}

test('without any secret nothing is taken, whatever it is signed with', async (t) => {
  const github = await createGitHub({
    ...({} as GitHubOptions),
    client: undefined,
    webhookSecret: undefined,
    clock: new SteppedClock(),
  });
  const server = createServer((request, response) => void github.handle(request, response));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  t.after(() => server.close());
  const address = server.address();
  const url = `http://127.0.0.1:${typeof address === 'object' && address ? address.port : 0}/`;
  assert.match(await post(url, { body: pushed, signedWith: 'development' }), /^503 /);
});

/** A merge that waits for an approval, and whoever presses its button. */
async function clickable(b: Bed): Promise<() => void> {
  const digest = 'abcdef0123456789'.repeat(4);
  const approval: Approval = {
    apiVersion: 'coxswain.dev/v1alpha1',
    kind: 'Approval',
    metadata: { name: 'web-prod-abcdef012345', namespace: b.store.namespace },
    spec: { application: `${b.store.namespace}/web-prod`, digest, revision: 'd'.repeat(40), operations: [] },
  };
  await b.store.approvals.create(approval);
  b.script.progress = [progressOf('web-prod', 'waiting', { gated: true, approval })];
  const sha = await b.sandbox.actAs('ann').merge(repo, await openPull(b.sandbox));
  await b.quiet();
  const press = { sha, name: 'coxswain/approval', identifier: 'approve-abcdef012345' };
  return () => b.sandbox.actAs('bob').pressCheck(repo, press);
}

/** What GitHub was answered to the click. */
async function answered(b: Bed): Promise<string> {
  await b.sandbox.settled();
  const click = b.sandbox.deliveries().find(({ action }) => action === 'requested_action');
  return `${click?.statusCode} ${click?.response.trim()}`;
}

test('a click that could not be stored is a failed delivery, and GitHub reads nothing of why', async (t) => {
  const b = await bed(t);
  const press = await clickable(b);
  const create = b.store.requests.create.bind(b.store.requests);
  b.store.requests.create = () => Promise.reject(new Error('etcd at 10.0.0.7 is full'));
  press();
  assert.equal(await answered(b), '500 could not be taken');
  b.store.requests.create = create;
  await b.restart();
  await eventually('the click, sent again', () => b.requests()[0]);
});

test('a click stored too slowly is a failed delivery: after nine seconds Probot says that all is well', async (t) => {
  const clock = new SteppedClock(Date.now());
  const b = await bed(t, { clock });
  const press = await clickable(b);
  const asked = Promise.withResolvers<void>();
  b.store.requests.create = () => {
    asked.resolve();
    return new Promise(() => undefined);
  };
  press();
  await asked.promise;
  clock.step(6_000);
  assert.equal(await answered(b), '500 could not be taken');
});

test('GitHub has its answer while nothing of the work can be done', async (t) => {
  const b = await bed(t);
  const open = Promise.withResolvers<void>();
  b.script.gate = open.promise;
  await openPull(b.sandbox);
  await b.sandbox.settled();
  const statuses = b.sandbox.deliveries().map(({ statusCode }) => statusCode);
  assert.deepEqual([...new Set(statuses)], [202]);
  assert.deepEqual(b.comments(), []);
  open.resolve();
  await b.quiet();
});
