// Laws of pure functions, tried on inputs that fast-check makes from one seed; a failure names seed and path.
import type { KubeObject } from '../../src/model/kube.ts';
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { canonicalJson, hashOf, sameJson } from '../../src/base/canonical.ts';
import { globMatch } from '../../src/base/glob.ts';
import { scheduleFault, scheduleOf } from '../../src/base/schedule.ts';
import { ignoredIn, ignoreRulesFor } from '../../src/diff/ignore.ts';
import { withIgnoredFrom } from '../../src/diff/ignored-from.ts';
import { diffLines } from '../../src/diff/lines.ts';
import { maskObjects } from '../../src/diff/mask.ts';
import { hasPath, pathOfPointer, valueAt, withoutPaths } from '../../src/diff/path.ts';
import { parseDuration } from '../../src/policy/duration.ts';
import { renewed } from '../../src/sync/last-applied.ts';

const parameters = { seed: 20_261_128, numRuns: 200 };

function law<T extends [unknown, ...unknown[]]>(
  name: string,
  inputs: { [K in keyof T]: fc.Arbitrary<T[K]> },
  holds: (...values: T) => void,
): void {
  test(name, () => fc.assert(fc.property<T>(...inputs, holds), parameters));
}

const plain = fc.string({ unit: fc.constantFrom('a', 'b', '/', '.', '-', 'ö') });
const lines = fc
  .array(fc.constantFrom('a', 'b', 'c', ''), { maxLength: 30 })
  .map((all) => all.map((line) => `${line}\n`).join(''));
const json = fc.jsonValue({ maxDepth: 4 });

function shuffled(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(shuffled);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value)
      .reverse()
      .map(([name, member]) => [name, shuffled(member)]),
  );
}

law('a glob without signs matches itself alone, and * matches everything', [plain, plain], (one, other) => {
  assert.equal(globMatch(one, other), one === other);
  assert.ok(globMatch('*', one));
  assert.ok(globMatch(`${one}*`, one + other));
  assert.ok(globMatch(`*${other}`, one + other));
});

law('canonical JSON does not depend on the order of members, and is JSON of the same value', [json], (value) => {
  const text = canonicalJson(value);
  assert.equal(canonicalJson(shuffled(value)), text);
  assert.ok(sameJson(JSON.parse(text), value));
  assert.equal(hashOf(shuffled(value)), hashOf(value));
});

law('values are the same exactly where their canonical JSON is', [json, json], (one, other) => {
  assert.equal(sameJson(one, other), canonicalJson(one) === canonicalJson(other));
});

law('a line diff holds both texts in their order', [lines, lines], (before, after) => {
  const diff = diffLines(before, after);
  const side = (without: string): string =>
    diff.flatMap(({ sign, text }) => (sign === without ? [] : [`${text}\n`])).join('');
  assert.deepEqual([side('+'), side('-')], [before, after]);
  if (before === after) assert.ok(diff.every(({ sign }) => sign === ' '));
});

const units = { h: 3_600_000, m: 60_000, s: 1000, ms: 1 } as const;
law(
  'a duration is the sum of its parts, and a bare number is seconds',
  [fc.tuple(fc.nat(100), fc.nat(100), fc.nat(100), fc.nat(1000)), fc.nat(100_000)],
  ([h, m, s, ms], seconds) => {
    const expected = h * units.h + m * units.m + s * units.s + ms;
    assert.equal(parseDuration(`${h}h${m}m${s}s${ms}ms`), expected);
    assert.equal(parseDuration(String(seconds)), seconds * 1000);
    assert.equal(parseDuration(`${h}h${m}`), undefined);
  },
);

law(
  'a period is kept by a schedule that can run and whose gap is not longer',
  [fc.integer({ min: 1, max: 1e9 })],
  (ms) => {
    const schedule = scheduleOf(ms);
    assert.equal(scheduleFault(schedule), undefined);
    assert.ok(schedule.jitterMs * 2 <= Math.max(ms, 1000));
    assert.ok(schedule.jitterMs * 4 > Math.min(ms, 24 * units.h));
  },
);

const name = fc.stringMatching(/^[a-z~/.-]{1,6}$/);
law(
  'a pointer leads to what stands there, and nothing stands there once it is taken out',
  [name, name, json],
  (a, b, value) => {
    const object = { apiVersion: 'v1', kind: 'A', metadata: { name: 'a' }, data: { [a]: { [b]: value, kept: 1 } } };
    const escaped = [a, b].map((step) => step.replaceAll('~', '~0').replaceAll('/', '~1'));
    const path = pathOfPointer(object, `/data/${escaped.join('/')}`);
    assert.ok(path);
    assert.deepEqual(valueAt(object, path), value);
    const without = withoutPaths(object, [path]);
    assert.equal(hasPath(without, path), false);
    assert.equal(hasPath(object, path), true, 'the object itself stays as it was');
  },
);

const fields = fc.dictionary(fc.constantFrom('a', 'b/c', 'd~e', 'f'), json, { noNullPrototype: true });
const chosen = fc.subarray(['a', 'b/c', 'd~e', 'f']);
const configMap = (data: object): KubeObject => ({ apiVersion: 'v1', kind: 'C', metadata: { name: 'c' }, data });

/** At the chosen fields what is live, elsewhere what a sync would make. */
function mixed(live: Record<string, unknown>, predicted: Record<string, unknown>, names: readonly string[]): object {
  const kept = Object.entries(predicted).filter(([each]) => !names.includes(each));
  return Object.fromEntries([...kept, ...Object.entries(live).filter(([each]) => names.includes(each))]);
}

law(
  'ignored fields are as they are live, present or not, and all others as a sync would make them',
  [fields, fields, chosen, chosen],
  (live, predicted, named, held) => {
    const owner = { manager: 'autoscaler', operation: 'Update' as const, apiVersion: 'v1', fieldsType: 'FieldsV1' };
    const fieldsV1 = { 'f:data': Object.fromEntries(held.map((each) => [`f:${each}`, {}])) };
    const there = configMap(live);
    there.metadata.managedFields = [
      { ...owner, ...(held.length > 0 && { fieldsV1 }) },
      { ...owner, manager: 'somebody', fieldsV1: { 'f:data': { 'f:a': {}, 'f:f': {} } } },
    ];
    const jsonPointers = named.map((each) => `/data/${each.replaceAll('~', '~0').replaceAll('/', '~1')}`);
    const rules = [
      { kind: 'C', jsonPointers },
      { kind: 'C', managedFieldsManagers: ['autoscaler', 'nobody'] },
    ];
    const wanted = configMap(predicted);
    const asSeen = (other: KubeObject): KubeObject =>
      withIgnoredFrom(other, there, ignoredIn(rules, { live: there, other }, { live: [], other: [] }));
    const seen = asSeen(wanted);
    assert.ok(sameJson(seen['data'], mixed(live, predicted, [...named, ...held])));
    assert.ok(sameJson(asSeen(seen), seen), 'a second time changes nothing');
    assert.ok(sameJson(wanted, configMap(predicted)), 'what a sync would make stays as it was');
  },
);

const entries = fc.array(fc.tuple(json, fc.boolean()), { maxLength: 6 });
law(
  'forms of a list that differ in ignored entries alone, wherever these stand, are the same',
  [entries, entries, fc.array(json, { maxLength: 6 })],
  (ofLive, ofOther, shared) => {
    const listed = (mixed: [unknown, boolean][]): [KubeObject, (string | number)[][]] => {
      let kept = 0;
      const all = mixed.map(([value, ignored]) => (ignored ? { value, ignored } : { value: shared[kept++], ignored }));
      const list = [...all, ...shared.slice(kept).map((value) => ({ value, ignored: false }))].slice(0, 20);
      const present = list.filter(({ value, ignored }) => ignored || value !== undefined);
      const paths = present.flatMap(({ ignored }, at) => (ignored ? [['data', 'list', at]] : []));
      return [configMap({ list: present.map(({ value }) => value) }), paths];
    };
    const [live, inLive] = listed(ofLive);
    const [other, inOther] = listed(ofOther);
    assert.ok(sameJson(withIgnoredFrom(other, live, { live: inLive, other: inOther }), live));
  },
);

const part = fc.constantFrom('', 'a', 'b');
const kinds = fc.constantFrom('Secret', 'Service', 'S*', '*');
law(
  'a rule is for the objects of its group and kind, and of its name and namespace where it gives them',
  [fc.record({ group: part, kind: kinds, name: part, namespace: part }), part, part, part],
  (rule, group, named, namespace) => {
    for (const kind of ['Secret', 'Service', 'Pod']) {
      const key = { group, kind, name: named, namespace };
      const fits =
        rule.group === group &&
        (rule.kind === kind || rule.kind === '*' || (rule.kind === 'S*' && kind !== 'Pod')) &&
        ['', named].includes(rule.name) &&
        ['', namespace].includes(rule.namespace);
      assert.deepEqual(ignoreRulesFor([rule], key), fits ? [rule] : []);
    }
  },
);

const secret = fc.stringMatching(/^[A-Za-z0-9]{6,12}$/);
law('no value of a Secret is in what is shown of it, and what is equal looks equal', [secret, secret], (one, other) => {
  const made = (value: string): KubeObject => ({
    apiVersion: 'v1',
    kind: 'Secret',
    metadata: { name: 's' },
    data: { key: Buffer.from(value).toString('base64') },
  });
  const [first, second, third] = maskObjects([made(one), made(other), made(one)]);
  const text = JSON.stringify([first, second, third]);
  for (const value of [one, other]) assert.ok(!text.includes(Buffer.from(value).toString('base64')));
  assert.ok(sameJson(first, third));
  assert.equal(sameJson(first, second), one === other);
});

const hidden = fc.stringMatching(/^[A-Za-z0-9]{12}$/).map((text) => `hidden-${text}`);
const place = fc.constantFrom('data', 'stringData', 'binaryData', 'spec', 'x', 'annotations', 'labels', 'last-applied');
law('wherever a text stands in a Secret, it is not in what is shown of it', [hidden, place, name], (text, at, key) => {
  const metadata = {
    name: 's',
    ...(['annotations', 'labels'].includes(at) && { [at]: { [key]: text } }),
    ...(at === 'last-applied' && {
      annotations: {
        'kubectl.kubernetes.io/last-applied-configuration': JSON.stringify({ stringData: { [key]: text } }),
      },
    }),
  };
  const value = at === 'data' ? Buffer.from(text).toString('base64') : text;
  const made = { apiVersion: 'v1', kind: 'Secret', metadata, type: 'Opaque', [at]: { [key]: value } };
  const before = { 'kubectl.kubernetes.io/last-applied-configuration': '{}' };
  const applied = renewed(made, { ...made, metadata: { name: 's', annotations: before } });
  assert.ok(JSON.stringify(applied).split(value).length > 2, 'the annotation has it too');
  const shown = JSON.stringify(maskObjects([made, applied]));
  for (const form of [text, Buffer.from(text).toString('base64'), JSON.stringify(text).slice(1, -1)])
    assert.ok(!shown.includes(form), shown);
});
