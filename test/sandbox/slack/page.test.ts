// The page shows messages as Slack does, lets a person act, and never runs what a message says.
import type { Slack } from '../../../sandbox/slack/slack.ts';
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isObject, type JsonObject } from '../../../sandbox/slack/workspace/json.ts';
import { mrkdwn } from '../../../sandbox/slack/page/mrkdwn.ts';
import { markdown, richText } from '../../../sandbox/slack/page/rich-text-html.ts';
import { workspace } from './bolt-app.ts';

const rows: [string, string][] = [
  ['*bold* _it_ ~gone~ `co*de*`', '<b>bold</b> <i>it</i> <s>gone</s> <code>co*de*</code>'],
  ['snake_case_name 2*3*4', 'snake_case_name 2*3*4'],
  [
    '<https://x.test/a?b=1&amp;c=2|the *link*>',
    '<a href="https://x.test/a?b=1&amp;c=2" target="_blank" rel="noopener noreferrer">the *link*</a>',
  ],
  [
    '*<https://x.test|bold link>*',
    '<b><a href="https://x.test" target="_blank" rel="noopener noreferrer">bold link</a></b>',
  ],
  ['a &lt;b&gt; & <i>', 'a &lt;b&gt; &amp; &lt;i&gt;'],
  ['<script>alert(1)</script>', '&lt;script&gt;alert(1)&lt;/script&gt;'],
  ['<javascript:alert(1)|click>', '&lt;javascript:alert(1)|click&gt;'],
  ['<!date^1700000000^{date_num}|x>', '<span title="x">2023-11-14</span>'],
  ['```\n<b>&lt;\n```', '<pre>&lt;b&gt;&lt;</pre>'],
  ['> quoted\nplain', '<blockquote>quoted</blockquote>plain'],
  ['"><img src=x onerror=alert(1)>', '&quot;&gt;&lt;img src=x onerror=alert(1)&gt;'],
];

test('mrkdwn becomes HTML and everything else is text', async (t) => {
  const { slack } = await workspace(t);
  for (const [source, expected] of rows) assert.equal(mrkdwn(slack.state, source).text, expected, source);
  const { id } = slack.actAs('ana').user;
  assert.equal(
    mrkdwn(slack.state, `<@${id}> in <#${slack.channels[0]?.id ?? ''}>`).text,
    '<span class="mention">@ana</span> in <span class="mention">#deploys</span>',
  );
});

test('rich text and Markdown carry no HTML of their own', async (t) => {
  const { slack } = await workspace(t);
  const block = {
    type: 'rich_text',
    elements: [
      {
        type: 'rich_text_section',
        elements: [
          { type: 'text', text: '<b>', style: { bold: true } },
          { type: 'link', url: 'javascript:alert(1)', text: 'x' },
        ],
      },
    ],
  };
  assert.equal(richText(slack.state, block).text, '<div class="rich"><div class="line"><b>&lt;b&gt;</b>x</div></div>');
  const shown = markdown('**b** <script>1</script> [x](javascript:alert(1)) ![i](https://x.test/i)').text;
  assert.match(shown, /<strong>b<\/strong>/);
  assert.doesNotMatch(shown, /<script|javascript:|<img/);
});

async function fragments(slack: Slack, as: string): Promise<JsonObject> {
  const value: unknown = await (await fetch(`${slack.url}/page/fragments?as=${slack.actAs(as).user.id}`)).json();
  assert.ok(isObject(value));
  return value;
}

test('a person acts through the page and sees what others do not', async (t) => {
  const world = await workspace(t, {
    listen: (app) => {
      app.command('/cox', async ({ ack }) => ack({ text: 'only for you' }));
      app.action('go', async ({ ack, body, client }) => {
        await ack();
        if (body.type === 'block_actions')
          await client.views.open({
            trigger_id: body.trigger_id,
            view: { type: 'modal', title: { type: 'plain_text', text: 'Going' }, blocks: [] },
          });
      });
    },
  });
  const { slack, channel } = world;
  const posted = await world.app.client.chat.postMessage({
    channel: channel.id,
    text: 'x',
    blocks: [
      {
        type: 'actions',
        block_id: 'b',
        elements: [{ type: 'button', action_id: 'go', text: { type: 'plain_text', text: 'Go <now>' } }],
      },
    ],
  });
  const act = async (body: JsonObject): Promise<number> =>
    (
      await fetch(`${slack.url}/page/act`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ as: slack.actAs('ana').user.id, channel: channel.id, ...body }),
      })
    ).status;
  assert.equal(await act({ act: 'command', text: '/cox status' }), 200);
  assert.equal(await act({ act: 'click', ts: posted.ts ?? '', block: 'b', action: 'go' }), 200);
  await slack.waitFor('the modal', () => slack.actAs('ana').openModals().length === 1);
  const ana = await fragments(slack, 'ana');
  const ben = await fragments(slack, 'ben');
  assert.match(String(ana['messages']), /Go &lt;now&gt;.*only for you/s);
  assert.match(String(ana['modal']), /<h1>Going<\/h1>/);
  assert.doesNotMatch(String(ben['messages']), /only for you/);
  assert.equal(ben['modal'], '');
  assert.equal(await act({ act: 'click', ts: '1.1', block: 'b', action: 'go' }), 409);
});

test('the page has a policy against foreign scripts, acts need JSON, permalinks lead to their message', async (t) => {
  const { slack, channel, app } = await workspace(t);
  const page = await fetch(slack.url);
  assert.match(page.headers.get('content-security-policy') ?? '', /default-src 'self'/);
  assert.equal((await fetch(`${slack.url}/page/act`, { method: 'POST', body: '{}' })).status, 415);
  const { ts } = await app.client.chat.postMessage({ channel: channel.id, text: 'x' });
  const { permalink } = await app.client.chat.getPermalink({ channel: channel.id, message_ts: ts ?? '' });
  const led = await fetch(permalink ?? '', { redirect: 'manual' });
  assert.equal(led.headers.get('location'), `/#${channel.id}/${ts}`);
});
