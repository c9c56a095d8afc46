// The Slack manifest asks for the scopes that the source needs, and nothing else.
import { test } from 'node:test';
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse } from 'yaml';
import { botScopes } from '../../src/slack/slack-status.ts';

const root = join(import.meta.dirname, '../..');
const source = readdirSync(join(root, 'src/slack'), { recursive: true, encoding: 'utf8' })
  .filter((file) => file.endsWith('.ts'))
  .map((file) => readFileSync(join(root, 'src/slack', file), 'utf8'))
  .join('\n');
const manifest = parse(readFileSync(join(root, 'deploy/slack-manifest.yaml'), 'utf8')) as {
  features: { app_home: { messages_tab_enabled: boolean }; slash_commands: { command: string }[] };
  oauth_config: { scopes: { bot: string[] } };
  settings: { socket_mode_enabled: boolean };
};

/** Slack API: scopes of each method, for public and private channels. */
const scopes: Record<string, string[]> = {
  'chat.postMessage': ['chat:write'],
  'chat.postEphemeral': ['chat:write'],
  'chat.update': ['chat:write'],
  'chat.delete': ['chat:write'],
  'conversations.list': ['channels:read', 'groups:read'],
  'conversations.history': ['channels:history', 'groups:history'],
  'conversations.replies': ['channels:history', 'groups:history'],
  'views.open': [],
  'auth.test': [],
};

test('the scopes are exactly those of the methods that are called, and of the command', () => {
  const called = [
    ...source.matchAll(/\.((?:chat|conversations|views|users|reactions|files|usergroups|auth|bots|team|pins)\.\w+)\(/g),
  ].map((match) => match[1] ?? '');
  assert.ok(called.length >= 5);
  const needed = called.flatMap((method) => {
    assert.ok(scopes[method], `${method} has no scopes here yet`);
    return scopes[method] ?? [];
  });
  assert.deepEqual(manifest.oauth_config.scopes.bot.toSorted(), [...new Set(['commands', ...needed])].toSorted());
});

test('people can be answered in their conversation with the app', () => {
  assert.match(source, /postMessage\(\{ channel: user,/);
  assert.equal(manifest.features.app_home.messages_tab_enabled, true);
});

test('what is missing is told of exactly the scopes that the manifest asks for', () => {
  assert.deepEqual(botScopes.toSorted(), manifest.oauth_config.scopes.bot.toSorted());
});

test('the commands are those that the source listens to, over a socket', () => {
  const listened = [...source.matchAll(/\.command\('([^']+)'/g)].map((match) => match[1]);
  assert.deepEqual(
    manifest.features.slash_commands.map((each) => each.command),
    listened,
  );
  assert.equal(manifest.settings.socket_mode_enabled, true);
});
