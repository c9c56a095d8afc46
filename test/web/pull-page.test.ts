// The page of a pull request: every version that was shown, whoever's words it quotes, and what is not there.
import type { PullRecord } from '../../src/web/pull-page.ts';
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { AppError } from '../../src/base/errors.ts';
import { markdown } from '../../src/web/markdown.ts';
import { pullPage } from '../../src/web/pull-page.ts';
import { stage } from '../engine/fixture.ts';
import { open, serve } from './serve.ts';

const shown =
  '#### <b>web</b> · prod · ~1 · digest <code>k7f29qpdk7f2</code>\n\n' +
  '**Changes** `ConfigMap shop/web`\n\n```diff\n-LEVEL: info\n+LEVEL: <script>alert(1)</script>\n```\n\n' +
  '<details><summary>ConfigMap shop/old</summary>\n\n- `gone` [elsewhere](javascript:alert(1))\n\n</details>\n\n' +
  '<img src=x onerror=alert(1)> <b onclick="x">bold</b> [check](https://github.com/acme/infra/runs/1)';

const record: PullRecord = {
  url: 'https://github.com/acme/infra/pull/7',
  state: 'merged',
  versions: [
    {
      ...{ head: 'a'.repeat(40), at: '2026-01-02T03:04:05Z', title: '✅ 1 application changes', text: shown },
      effects: [{ name: 'web', digest: 'k7f29qpdk7f2' }],
      url: 'https://github.com/acme/infra/runs/1',
    },
    { head: 'b'.repeat(40), at: '', title: '"><script>x</script>', text: '', effects: [], url: '' },
  ],
  older: 3,
};

test('each version stands with its head, its digests and its diff, the newest open', async (t) => {
  const s = await stage(t, { 'readme.md': 'nothing' });
  const asked: unknown[] = [];
  const ask = async (pull: unknown): Promise<PullRecord> => (asked.push(pull), record);
  const web = await serve(t, s, { record: ask });
  const { document } = await open(t, web, '/pulls/acme/infra/7');
  assert.deepEqual(asked, [{ owner: 'acme', repo: 'infra', number: 7 }]);
  const versions = [...document.querySelectorAll('.version')];
  assert.deepEqual(
    versions.map((each) => [each.querySelector('summary code')?.textContent, each.querySelector('details')?.open]),
    [
      ['aaaaaaa', true],
      ['bbbbbbb', false],
    ],
  );
  assert.equal(document.querySelector('.effects')?.textContent, 'web digest k7f29qpdk7f2');
  assert.equal(document.querySelector('.shown .add')?.textContent, '+LEVEL: <script>alert(1)</script>');
  assert.equal(document.querySelector('.shown details summary')?.textContent, 'ConfigMap shop/old');
  assert.match(document.body.textContent, /It is being looked at\.[^]*3 older commits/);
});

test("of a stranger's words nothing becomes HTML or a link that runs", () => {
  const { html } = pullPage('acme/infra#7', record);
  assert.doesNotMatch(html, /<script|<img|<b onclick|href="javascript/);
  assert.match(html, /&#60;img src=x onerror=alert\(1\)&#62;/);
  assert.match(html, /<a href="https:\/\/github\.com\/acme\/infra\/runs\/1" rel="noreferrer">check<\/a>/);
  assert.equal(markdown('a &lt;b&gt; <br> <b>').html, '<p>a &lt;b&gt; <br> <b></p>\n</b>');
});

test('what is not there, is no name, or cannot be read is told, each by its status', async (t) => {
  const s = await stage(t, { 'readme.md': 'nothing' });
  const ends: Record<string, () => undefined> = {
    infra: () => undefined,
    away: () => {
      throw new AppError('E_GITHUB', 'GitHub does not answer');
    },
  };
  const { get } = await serve(t, s, { record: async ({ repo }) => ends[repo]?.() });
  const status = async (path: string): Promise<number> => (await get(path)).status;
  assert.equal(await status('/pulls/acme/infra/7'), 404);
  assert.equal(await status('/pulls/acme/infra/0'), 404);
  assert.equal(await status('/pulls/acme/a%2Fb/7'), 404);
  const away = await get('/pulls/acme/away/7');
  assert.equal(away.status, 503);
  assert.match(away.text, /cannot be read from GitHub now[^]*GitHub does not answer/);
});
