// Set-up of GitHub in a real browser: what its rules about forms, cookies and policies permit.
import type { Tab } from '../../sandbox/browser.ts';
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { test } from 'node:test';
import { Browser } from '../../sandbox/browser.ts';
import { eventually } from '../control-plane.ts';
import { place, printed } from '../flow/fixture.ts';

const chromium = 'chromium';
const skip = spawnSync(chromium, ['--version']).error ? 'there is no Chromium on PATH' : false;

/** Until the page says that; resolves with its address. */
async function says(tab: Tab, text: string): Promise<string> {
  const read = '[document.body?.innerText ?? "", location.href]';
  return eventually(`the page to say "${text}"`, async () => {
    const [shown, address] = await tab.run<[string, string]>(read).catch(() => ['', '']);
    return shown.includes(text) ? address : undefined;
  });
}

/** Whatever the page has that a person would click: the last one, for GitHub's header has a form of its own. */
async function press(tab: Tab, text: string): Promise<void> {
  const found =
    "[...document.querySelectorAll('button, a')].filter((each) => " +
    `each.innerText.includes(${JSON.stringify(text)})).at(-1)`;
  assert.ok(await tab.run<boolean>(`(() => { const found = ${found}; found?.click(); return !!found; })()`), text);
}

test('an App is made and installed by clicks of a real browser', { skip }, async (t) => {
  const p = await place(t);
  const browser = await Browser.start(chromium);
  t.after(() => browser.stop());
  const tab = await browser.open();
  await tab.go(await printed(p));
  await says(tab, 'Set up GitHub');
  await tab.run(`void (document.querySelector('[name=organization]').value = 'acme')`);
  await press(tab, 'Begin');
  await says(tab, 'Make the App on GitHub');
  await press(tab, 'Make it on GitHub');
  const asked = await says(tab, 'Create GitHub App for acme');
  assert.ok(asked.startsWith(`${p.github.url}/organizations/acme/settings/apps/new?state=`), asked);
  await press(tab, 'Create GitHub App for acme');
  const back = await says(tab, 'The App is made');
  assert.ok(back.startsWith(`${p.url}/setup/created?code=`), back);
  await press(tab, 'Install it in your repositories');
  await says(tab, 'Install coxswain');
  await press(tab, 'Install');
  await p.operator.ready();
  await tab.go(`${p.url}/setup`);
  await says(tab, 'In acme');
  assert.equal(await tab.run<number>('document.querySelectorAll("form").length'), 0);
});
