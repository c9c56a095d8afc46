// Whom a modal opens for: values are for whoever may `get`, and for nobody while that is not known.
import type { RespondArguments, RespondFn } from '@slack/bolt';
import type { InboxContext, Look } from '../../src/slack/inbox.ts';
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { silentLogger } from '../../src/base/log.ts';
import { systemClock } from '../../src/base/clock.ts';
import { mayLook } from '../../src/slack/inbox.ts';
import { readSettings } from '../../src/store/settings.ts';

const identities = { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'coxswain-cm', namespace: 'argocd' } };
const settings = readSettings({
  configMaps: new Map([['coxswain-cm', { ...identities, data: { 'slack.identities': 'U1: bob' } }]]),
  secrets: [],
});

/** What bob is told; undefined: the modal opens. */
async function told(refusal: InboxContext['refusal'], look: Look): Promise<string | undefined> {
  const said: (string | RespondArguments)[] = [];
  const context = { store: { settings: () => settings }, refusal, clock: systemClock, log: silentLogger() };
  const respond: RespondFn = (message) => {
    said.push(message);
    return Promise.resolve(new Response());
  };
  const deed = { user: 'U1', at: systemClock.now() - 1_950, channel: 'C1', once: 'x' };
  const may = await mayLook(context, respond, deed, look);
  const [message] = said;
  assert.equal(may, message === undefined);
  return typeof message === 'object' ? message.text : message;
}

const application = 'argocd/web';
const values: Look = { verb: 'heal', application, values: true };
const never = new Promise<undefined>(() => undefined);

test('the right to put back alone shows no values', async () => {
  const mayHeal: InboxContext['refusal'] = (_actor, verb) =>
    Promise.resolve(verb === 'heal' ? undefined : 'bob may not see web');
  assert.equal(await told(mayHeal, values), '🚫 bob may not see web');
  assert.equal(await told(mayHeal, { ...values, values: false }), undefined);
});

test('values are shown to nobody whose right to them is not known in time', async () => {
  const unknown = /🚫 GitHub does not tell your teams now/;
  assert.match((await told(() => never, values)) ?? '', unknown);
  assert.match((await told(() => Promise.reject(new Error('503')), { ...values, verb: 'approve' })) ?? '', unknown);
  assert.equal(await told(() => never, { ...values, values: false }), undefined, 'the act asks again');
});

test('whoever may get looks while GitHub does not say whether they may act: the act asks again', async () => {
  const mayGet: InboxContext['refusal'] = (_actor, verb) => (verb === 'diff' ? Promise.resolve(undefined) : never);
  assert.equal(await told(mayGet, values), undefined);
});
