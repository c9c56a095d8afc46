// Set-up of GitHub in clicks: from an operator without credentials to an App that is installed and hears.
import type { Place } from './fixture.ts';
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { eventually } from '../control-plane.ts';
import { place, printed } from './fixture.ts';

interface Shown {
  status: number;
  url: string;
  text: string;
}

/** A browser as far as forms, cookies and redirects go. */
class Browser {
  readonly #cookies = new Map<string, string>();
  shown: Shown = { status: 0, url: 'about:blank', text: '' };

  async open(address: string, init: RequestInit = {}): Promise<Shown> {
    const url = new URL(address, this.shown.url === 'about:blank' ? undefined : this.shown.url);
    const cookie = this.#cookies.get(url.origin) ?? '';
    const answer = await fetch(url, { ...init, redirect: 'manual', headers: { ...init.headers, cookie } });
    const set = answer.headers.get('set-cookie')?.split(';')[0];
    if (set !== undefined) this.#cookies.set(url.origin, set);
    const text = await answer.text();
    this.shown = { status: answer.status, url: url.href, text };
    const to = answer.headers.get('location');
    return to === null ? this.shown : this.open(to);
  }

  /** Presses the button of the last form of the page; GitHub's header has one of its own. */
  async submit(fields: Record<string, string> = {}): Promise<Shown> {
    const form = [...this.shown.text.matchAll(/<form method="post" action="([^"]*)"[^>]*>(.*?)<\/form>/gs)].at(-1);
    assert.ok(form, `no form on ${this.shown.url}: ${this.shown.text}`);
    const [, action = '', inner = ''] = form;
    const hidden = [...inner.matchAll(/<input type="hidden" name="([^"]*)" value="([^"]*)"/g)];
    const values = hidden.map(([, name = '', value = '']) => [name, plain(value)]);
    const body = new URLSearchParams({ ...Object.fromEntries(values), ...fields });
    return this.open(plain(action), { method: 'POST', body });
  }

  link(text: RegExp): string {
    const found = [...this.shown.text.matchAll(/<a [^>]*href="([^"]*)"[^>]*>(.*?)<\/a>/gs)];
    return plain(found.find(([, , inner = '']) => text.test(inner))?.[1] ?? '');
  }
}

function plain(text: string): string {
  return text
    .replaceAll(/&#(\d+);/g, (_, code: string) => String.fromCharCode(Number(code)))
    .replaceAll('&quot;', '"')
    .replaceAll('&lt;', '<')
    .replaceAll('&gt;', '>')
    .replaceAll('&amp;', '&');
}

async function secretOf({ cluster }: Place): Promise<string[]> {
  const path = `/api/v1/namespaces/${cluster.namespace}/secrets/coxswain-github`;
  const { data = {} } = (await cluster.access.must('GET', path)) as { data?: Record<string, string> };
  return Object.keys(data).toSorted();
}

/** Until what is shown at /setup is that. */
async function shows(browser: Browser, url: string, wanted: RegExp): Promise<string> {
  return eventually(`${wanted} at /setup`, async () => {
    const { text } = await browser.open(`${url}/setup`).catch(() => ({ text: '' }));
    return wanted.test(text) ? text : undefined;
  });
}

test('an App is made, stored, installed and heard of in clicks, and nobody else has a way in', async (t) => {
  const p = await place(t);
  const { url, github } = p;
  const stranger = new Browser();
  assert.equal((await stranger.open(`${url}/setup`)).status, 403);
  assert.equal((await stranger.open(`${url}/setup/created?code=abc&state=abc`)).status, 403);
  assert.equal((await stranger.open(`${url}/setup?token=guessed`)).status, 200);
  assert.equal((await stranger.submit()).status, 403);

  const ann = new Browser();
  const address = await printed(p);
  await ann.open(address);
  await ann.submit({ organization: 'acme' });
  const { text: asked } = ann.shown;
  assert.ok(asked.includes(`${github.url}/organizations/acme/settings/apps/new?state=`), asked);

  await stranger.open(address);
  assert.match((await stranger.submit()).text, /used before/);
  await ann.submit();
  assert.match(ann.shown.text, new RegExp(`Webhooks go to\\s+<code>${url}/webhooks/github</code>`));

  // The answer to another set-up, which somebody would have this browser finish.
  const { text: confirming } = ann.shown;
  const forged = new Browser();
  Object.assign(forged, { shown: ann.shown });
  const code = 'f'.repeat(40);
  assert.equal((await forged.open(`${url}/setup/created?code=${code}&state=abc`)).status, 403);
  assert.equal((await ann.open(`${url}/setup/created?code=${code}&state=abc`)).status, 403);
  assert.deepEqual(await secretOf(p), ['setup-session', 'setup-url']);

  ann.shown = { status: 200, url: `${github.url}/`, text: confirming };
  await ann.submit();
  assert.match(ann.shown.text, /The App is made/);
  assert.ok(ann.shown.url.startsWith(`${url}/setup/created?code=`));
  assert.deepEqual(await secretOf(p), ['app-id', 'private-key', 'webhook-secret']);
  const install = ann.link(/^Install it/);
  assert.equal(install, `${github.url}/apps/coxswain/installations/new`);

  const status = await shows(ann, url, /GitHub: coxswain/);
  assert.match(status, /✅ Permissions/);
  assert.match(status, /✅ Events/);
  assert.match(status, /⏳ Installed/);
  assert.match(status, /⏳ Webhook/);
  assert.equal((await stranger.open(address)).status, 200);
  assert.doesNotMatch(stranger.shown.text, /<form/);
  assert.match(await printed(p), /set up already, with the App 4711/);

  await ann.open(install);
  await ann.submit();
  assert.ok(ann.shown.url.startsWith(`${url}/setup?installation_id=`));
  await github.settled();
  const heard = await shows(ann, url, /✅ Webhook/);
  assert.match(heard, /✅ Installed.*In acme/s);
  assert.doesNotMatch(heard, /❌|⏳/);
  assert.deepEqual(
    github.deliveries().map(({ event, statusCode }) => [event, statusCode]),
    [['installation', 202]],
  );
  assert.doesNotMatch(p.operator.logs(), /BEGIN|token=/);
});
