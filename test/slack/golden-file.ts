// Cards and modals against their golden files (UPDATE_GOLDEN=1 writes them anew) and Slack's limits.
import type { Card } from '../../src/slack/card.ts';
import type { JsonObject } from '../../sandbox/slack/workspace/json.ts';
import assert from 'node:assert/strict';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { checkBlocks, overBudget } from '../../sandbox/slack/block-kit/block-kit.ts';

const folder = fileURLToPath(new URL('golden', import.meta.url));

/** Fails unless the value reads as its file. */
export function golden(name: string, value: unknown): void {
  const file = `${folder}/${name}.json`;
  const text = `${JSON.stringify(value, null, 1)}\n`;
  if (process.env['UPDATE_GOLDEN']) {
    mkdirSync(folder, { recursive: true });
    writeFileSync(file, text);
  }
  assert.equal(text, readFileSync(file, 'utf8'));
}

/** Fails unless Slack would take it. */
export function fits(card: Card): void {
  const blocks = JSON.parse(JSON.stringify(card.blocks)) as JsonObject[];
  assert.deepEqual(checkBlocks(blocks, 'message'), []);
  assert.equal(overBudget(blocks), false);
  assert.ok(Buffer.byteLength(card.text) < 4000 && card.text.length > 0);
}
