// Blocks and views over Slack's limits, unknown fields and unknown methods are refused and recorded.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  checkBlocks,
  checkView,
  textLength,
  messageBudget,
  type Surface,
} from '../../../sandbox/slack/block-kit/block-kit.ts';
import { methods } from '../../../sandbox/slack/web-api/web-api.ts';
import { workspace } from './bolt-app.ts';

const plain = (length: number): object => ({ type: 'plain_text', text: 'x'.repeat(length) });
const mrkdwn = (length: number): object => ({ type: 'mrkdwn', text: 'x'.repeat(length) });
const many = <T>(count: number, item: (index: number) => T): T[] =>
  Array.from({ length: count }, (_, index) => item(index));
const button = (more: object = {}): object => ({ type: 'button', text: plain(1), ...more });
const actions = (...elements: object[]): object => ({ type: 'actions', elements });
const option = (value: string): object => ({ text: { type: 'plain_text', text: value }, value });
const select = (more: object): object => actions({ type: 'static_select', placeholder: plain(1), ...more });
const row = (cells: number): object[] => many(cells, () => ({ type: 'raw_text', text: 'x' }));

/** Each: what, the largest that passes, the smallest that does not. */
const bounds: [string, unknown, unknown][] = [
  ['blocks of a message', many(50, () => ({ type: 'divider' })), many(51, () => ({ type: 'divider' }))],
  ['section text', [{ type: 'section', text: mrkdwn(3000) }], [{ type: 'section', text: mrkdwn(3001) }]],
  ['a section without text', [{ type: 'section', fields: [plain(1)] }], [{ type: 'section' }]],
  [
    'section fields',
    [{ type: 'section', fields: many(10, () => mrkdwn(2000)) }],
    [{ type: 'section', fields: many(11, () => mrkdwn(1)) }],
  ],
  ['a section field', [{ type: 'section', fields: [mrkdwn(2000)] }], [{ type: 'section', fields: [mrkdwn(2001)] }]],
  ['header text', [{ type: 'header', text: plain(150) }], [{ type: 'header', text: plain(151) }]],
  ['header kind of text', [{ type: 'header', text: plain(1) }], [{ type: 'header', text: mrkdwn(1) }]],
  [
    'context elements',
    [{ type: 'context', elements: many(10, () => mrkdwn(1)) }],
    [{ type: 'context', elements: many(11, () => mrkdwn(1)) }],
  ],
  ['actions elements', [actions(...many(25, () => button()))], [actions(...many(26, () => button()))]],
  ['button text', [actions(button({ text: plain(75) }))], [actions(button({ text: plain(76) }))]],
  ['button value', [actions(button({ value: 'x'.repeat(2000) }))], [actions(button({ value: 'x'.repeat(2001) }))]],
  [
    'button url',
    [actions(button({ url: `https://x/${'x'.repeat(2990)}` }))],
    [actions(button({ url: `https://x/${'x'.repeat(2991)}` }))],
  ],
  ['button style', [actions(button({ style: 'danger' }))], [actions(button({ style: 'warning' }))]],
  ['action_id', [actions(button({ action_id: 'x'.repeat(255) }))], [actions(button({ action_id: 'x'.repeat(256) }))]],
  [
    'unique action_id',
    [actions(button({ action_id: 'a' }), button({ action_id: 'b' }))],
    [actions(button({ action_id: 'a' }), button({ action_id: 'a' }))],
  ],
  [
    'unique block_id',
    [
      { type: 'divider', block_id: 'a' },
      { type: 'divider', block_id: 'b' },
    ],
    many(2, () => ({ type: 'divider', block_id: 'a' })),
  ],
  [
    'overflow options',
    [actions({ type: 'overflow', options: many(5, (i) => option(`${i}`)) })],
    [actions({ type: 'overflow', options: many(6, (i) => option(`${i}`)) })],
  ],
  [
    'select options',
    [select({ options: many(100, (i) => option(`${i}`)) })],
    [select({ options: many(101, (i) => option(`${i}`)) })],
  ],
  ['options or groups', [select({ options: [option('a')] })], [select({ options: [option('a')], option_groups: [] })]],
  [
    'initial option',
    [select({ options: [option('a')], initial_option: option('a') })],
    [select({ options: [option('a')], initial_option: option('b') })],
  ],
  [
    'confirm text',
    [actions(button({ confirm: { text: plain(300) } }))],
    [actions(button({ confirm: { text: plain(301) } }))],
  ],
  [
    'confirm title',
    [actions(button({ confirm: { title: plain(100), text: plain(1) } }))],
    [actions(button({ confirm: { title: plain(101), text: plain(1) } }))],
  ],
  [
    'table rows',
    [{ type: 'table', rows: many(100, () => row(1)) }],
    [{ type: 'table', rows: many(101, () => row(1)) }],
  ],
  ['table cells', [{ type: 'table', rows: [row(20)] }], [{ type: 'table', rows: [row(21)] }]],
  ['tables', [{ type: 'table', rows: [row(1)] }], many(2, () => ({ type: 'table', rows: [row(1)] }))],
  ['markdown text', [{ type: 'markdown', text: 'x'.repeat(12_000) }], [{ type: 'markdown', text: 'x'.repeat(12_001) }]],
  ['unknown block', [{ type: 'divider' }], [{ type: 'banner' }]],
  ['unknown field', [{ type: 'divider' }], [{ type: 'divider', colour: 'red' }]],
  [
    'empty rich text',
    [{ type: 'rich_text', elements: [{ type: 'rich_text_section', elements: [{ type: 'text', text: 'a' }] }] }],
    [{ type: 'rich_text', elements: [{ type: 'rich_text_section', elements: [{ type: 'text', text: '' }] }] }],
  ],
  [
    'input in an actions block',
    [{ type: 'input', label: plain(1), element: { type: 'plain_text_input' } }],
    [actions({ type: 'plain_text_input' })],
  ],
];

for (const [what, passes, fails] of bounds) {
  test(`the limit of ${what} is Slack's`, () => {
    assert.deepEqual(checkBlocks(passes, 'message'), []);
    assert.notEqual(checkBlocks(fails, 'message').length, 0);
  });
}

test('some blocks belong to one surface only', () => {
  const allowed: [Surface, object, boolean][] = [
    ['modal', { type: 'markdown', text: 'x' }, false],
    ['modal', { type: 'alert', text: plain(1), level: 'warning' }, true],
    ['message', { type: 'alert', text: plain(1) }, false],
  ];
  for (const [surface, block, fits] of allowed)
    assert.equal(checkBlocks([block], surface).length === 0, fits, `${surface}: ${JSON.stringify(block)}`);
});

test('a modal has short labels, small metadata, and a submit button when it has inputs', () => {
  const view = { type: 'modal', title: plain(24), blocks: [] };
  const input = { type: 'input', label: plain(1), element: { type: 'plain_text_input', max_length: 3000 } };
  const table: [object, boolean][] = [
    [view, true],
    [{ ...view, title: plain(25) }, false],
    [{ ...view, submit: plain(25) }, false],
    [{ ...view, private_metadata: 'x'.repeat(3000) }, true],
    [{ ...view, private_metadata: 'x'.repeat(3001) }, false],
    [{ ...view, blocks: many(100, () => ({ type: 'divider' })) }, true],
    [{ ...view, blocks: many(101, () => ({ type: 'divider' })) }, false],
    [{ ...view, blocks: [input] }, false],
    [{ ...view, blocks: [input], submit: plain(24) }, true],
    [{ ...view, width: 'large' }, false],
  ];
  for (const [candidate, fits] of table)
    assert.equal(checkView(candidate, 'modal').length === 0, fits, JSON.stringify(candidate).slice(0, 90));
});

test("refusals carry Slack's codes and are recorded as violations", async (t) => {
  const { slack, channel, app } = await workspace(t);
  const { chat } = app.client;
  const section = (length: number): { type: 'section'; text: { type: 'mrkdwn'; text: string } } => ({
    type: 'section',
    text: { type: 'mrkdwn', text: 'x'.repeat(length) },
  });
  await assert.rejects(chat.postMessage({ channel: channel.id, text: 'x', blocks: [section(3001)] }), /invalid_blocks/);
  const heavy = many(Math.ceil(messageBudget / 3000) + 1, () => section(3000));
  assert.ok(textLength(heavy) > messageBudget);
  await assert.rejects(chat.postMessage({ channel: channel.id, text: 'x', blocks: heavy }), /msg_blocks_too_long/);
  await assert.rejects(chat.postMessage({ channel: channel.id, text: 'x'.repeat(40_001) }), /msg_too_long/);
  const { ts } = await chat.postMessage({ channel: channel.id, text: 'card' });
  await assert.rejects(chat.update({ channel: channel.id, ts: ts ?? '', text: '&'.repeat(801) }), /msg_too_long/);
  await assert.rejects(
    app.client.apiCall('chat.postMessage', { channel: channel.id, text: 'x', colour: 'red' }),
    /invalid_arguments/,
  );
  await assert.rejects(app.client.apiCall('chat.shout', {}), /unknown_method/);
  assert.deepEqual(
    slack.takeViolations().map((violation) => violation.error),
    ['invalid_blocks', 'msg_blocks_too_long', 'msg_too_long', 'msg_too_long', 'invalid_arguments', 'unknown_method'],
  );
});

test('a violation fails whoever waits and whoever stops the workspace', async (t) => {
  const { slack, app } = await workspace(t);
  const waiting = slack.waitFor('something else', () => false);
  const refused = assert.rejects(app.client.apiCall('chat.shout', {}));
  await assert.rejects(waiting, /chat\.shout/);
  await refused;
  assert.equal(slack.takeViolations().length, 1);
});

test('every method the sandbox serves has a closed list of arguments', () => {
  assert.equal(Object.keys(methods).length, 22);
});
