// What strangers wrote, as people are told it: no values of Secrets, no credentials, no more than there is room for.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { operationText, outsideText, resultText } from '../../src/policy/outside-text.ts';

const hidden = 'it may quote a Secret: the words stand in the cluster alone';

test('whoever refuses a Secret may have quoted what is in it: of such words none are told', () => {
  for (const said of [
    'Secret "login" is invalid: data.password: Invalid value: hunter2',
    'failed to create typed patch (ns/login; /v1, Kind=Secret): .data.a: got &value.valueUnstructured{Value:12345}',
    'admission webhook "x.example" denied the request: secret login has the weak password \'hunter2\'',
    'objects failed to apply, reason: Secret in version "v1" cannot be handled as a Secret: json: ["hunter2"]',
    'Secret "login" is invalid:\n* stringData.password: Unsupported value: "hunter2"',
    'cannot use secret "a" with password=hunter2',
  ])
    assert.equal(outsideText(said, { lines: true }), hidden, said);
});

test('that a Secret is missing, and what concerns none, is told as it is', () => {
  for (const said of [
    'secret "login" not found',
    'Deployment.apps "web" is invalid: spec.replicas: Invalid value: -1',
    'Back-off pulling image "registry.example/web:1.9.0"',
    'secrets "login" already exists',
  ])
    assert.equal(outsideText(said), said);
});

test('credentials go, and what is long is cut, in time that grows with no more than the room', () => {
  assert.doesNotMatch(outsideText('clone https://bot:hunter2@git.example/a failed'), /hunter2/);
  const long = outsideText(`${'secret "'.repeat(1_000_000)}`, { most: 100 });
  assert.ok(long.length <= 100);
  assert.equal(outsideText('a\n\n b', { most: 100 }), 'a b');
  assert.equal(outsideText('x'.repeat(500)).length, 400);
});

test('a whole operation in which a Secret failed says nothing of it, in whatever words', () => {
  const row = {
    group: '',
    version: 'v1',
    kind: 'Secret',
    namespace: 'shop',
    name: 'login',
    status: 'SyncFailed' as const,
  };
  const message = 'one or more objects failed to apply, reason: data.password is not hunter2';
  assert.equal(operationText({ message, syncResult: { revision: '', resources: [row] } }), hidden);
  assert.equal(operationText({ message: 'waiting for hooks' }), 'waiting for hooks');
  assert.equal(resultText({ ...row, message }), hidden);
});
