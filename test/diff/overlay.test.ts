// A manifest laid over a live object: what it says is shown, and nothing that it does not name goes.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { overlay } from '../../src/diff/overlay.ts';

const rows: {
  name: string;
  live: Record<string, unknown>;
  wanted: Record<string, unknown>;
  shown: Record<string, unknown>;
}[] = [
  { name: 'another value', live: { a: 1, b: 2 }, wanted: { a: 3 }, shown: { a: 3, b: 2 } },
  {
    name: 'defaults within maps stay',
    live: { spec: { a: 1, policy: 'Always' } },
    wanted: { spec: { a: 2 } },
    shown: { spec: { a: 2, policy: 'Always' } },
  },
  {
    name: 'entries of a list are told apart by their names',
    live: {
      list: [
        { name: 'x', d: 1 },
        { name: 'y', d: 2 },
      ],
    },
    wanted: { list: [{ name: 'y', v: 1 }, { name: 'z' }] },
    shown: { list: [{ name: 'y', d: 2, v: 1 }, { name: 'z' }] },
  },
  {
    name: 'entries without a name by their place',
    live: { list: [{ port: 1, protocol: 'TCP' }] },
    wanted: { list: [{ port: 2 }] },
    shown: { list: [{ port: 2, protocol: 'TCP' }] },
  },
  { name: 'a list where none was', live: {}, wanted: { list: [1] }, shown: { list: [1] } },
  { name: 'a map in place of a text', live: { a: 'x' }, wanted: { a: { b: 1 } }, shown: { a: { b: 1 } } },
];
for (const { name, live, wanted, shown } of rows)
  test(`a manifest over a live object: ${name}`, () => assert.deepEqual(overlay(live, wanted), shown));
