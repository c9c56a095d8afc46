// The App that GitHub is asked to make, and where it is asked.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { manifestOf, newAppUrl, readAppFile, webUrlOf } from '../../../src/github/setup/manifest.ts';

for (const [apiUrl, webUrl] of [
  ['https://api.github.com', 'https://github.com'],
  ['https://api.acme.ghe.com', 'https://acme.ghe.com'],
  ['https://github.acme.example/api/v3', 'https://github.acme.example'],
  ['https://acme.example:8443/github/api/v3', 'https://acme.example:8443/github'],
  ['http://127.0.0.1:4000/api', 'http://127.0.0.1:4000'],
] as const)
  test(`whose API is ${apiUrl} is used at ${webUrl}`, () => assert.equal(webUrlOf(apiUrl), webUrl));

test('the manifest has the addresses of this installation, and permissions and events of app.yml', () => {
  const file = readAppFile();
  const made = manifestOf(file, 'https://cox.example.com', 'https://cox.example.com/webhooks/github');
  assert.deepEqual(made, {
    ...file,
    hook_attributes: { url: 'https://cox.example.com/webhooks/github', active: true },
    redirect_url: 'https://cox.example.com/setup/created',
    setup_url: 'https://cox.example.com/setup',
  });
});

test('an organization is a name, whatever it holds', () => {
  assert.equal(
    newAppUrl('https://github.com', 'a/../b?x', 's'),
    'https://github.com/organizations/a%2F..%2Fb%3Fx/settings/apps/new?state=s',
  );
  assert.equal(newAppUrl('https://github.com', '', 's'), 'https://github.com/settings/apps/new?state=s');
});
