// The bounded cache.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Lru } from '../../src/base/lru.ts';

test('what was used longest ago goes first, by cost', () => {
  const cache = new Lru<string, string>({ limit: 6, cost: (value) => value.length });
  cache.set('a', 'aa');
  cache.set('b', 'bb');
  cache.set('c', 'cc');
  assert.equal(cache.get('a'), 'aa');
  cache.set('d', 'd');
  assert.deepEqual([cache.get('b'), cache.get('a'), cache.get('c'), cache.get('d')], [undefined, 'aa', 'cc', 'd']);
  cache.set('a', 'aaa');
  assert.deepEqual([cache.size, cache.total], [3, 6]);
  cache.set('big', 'longer than all');
  assert.deepEqual([cache.get('big'), cache.size], [undefined, 3]);
});
