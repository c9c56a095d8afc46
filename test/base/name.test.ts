// Names made out of names: within Kubernetes' limits, valid, and different for different ones.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { applicationLabel, boundedName, hashedName } from '../../src/base/name.ts';

/** Of a DNS subdomain (RFC 1123), and of a label's value. */
const name = /^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$/;
const value = /^([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]$/;

test('a short name is itself', () => {
  assert.equal(boundedName('web', 63), 'web');
  assert.equal(hashedName('web', '0123456789abcdef'), 'web-0123456789ab');
  assert.equal(applicationLabel({ namespace: 'argocd', name: 'web' }), 'argocd.web');
});

test('a long one is valid wherever it is cut, and another one than its neighbours', () => {
  for (let at = 45; at < 62; at += 1) {
    for (const odd of ['-', '.']) {
      const long = `${'a'.repeat(at)}${odd}${'b'.repeat(200 - at)}`;
      const label = applicationLabel({ namespace: 'argocd', name: long });
      assert.ok(label.length <= 63 && value.test(label), label);
      assert.notEqual(applicationLabel({ namespace: 'argocd', name: `${long}c` }), label);
    }
  }
  const most = `${'a'.repeat(231)}.b${'c'.repeat(20)}`;
  const made = hashedName(most, 'f'.repeat(64));
  assert.ok(made.length <= 253 && name.test(made), made);
});
