// Our reading of YAML against Kubernetes' own, document by document: sigs.k8s.io/yaml where Go is, else what it
// answered before.
import type { TestContext } from 'node:test';
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { AppError } from '../../src/base/errors.ts';
import { canonicalJson } from '../../src/base/canonical.ts';
import { parseJson } from '../../src/base/json.ts';
import { parseTexts } from '../../src/render/document/yaml.ts';
import { temporary } from '../git/origin.ts';
import { worker } from '../worker.ts';
import { documents } from './grammar.ts';

const [seed, count] = [20261128, 10_000];
const stored = join(import.meta.dirname, 'oracle', 'answers.bin');
/** Bytes that are kept of an answer. */
const kept = 4;

/** What a reader makes of a document: its value as canonical JSON, or why not. */
interface Reading {
  value?: string;
  refused?: string;
}

/** Where we differ on purpose; each row must occur. */
const deliberate: { what: string; is(text: string, ours: Reading, theirs: Reading): boolean }[] = [
  {
    what: 'text behind the end of a document is refused, not dropped',
    is: (_text, ours, theirs) =>
      theirs.value !== undefined && /document start|follows the end/.test(ours.refused ?? ''),
  },
  {
    what: 'of a text and a number that are one key of a map none is chosen by chance',
    is: (_text, ours) => /same key of one map/.test(ours.refused ?? ''),
  },
  {
    what: 'what begins with a brace and is JSON is read as JSON, as the API machinery does before it asks the library',
    is: (text) => isJson(text),
  },
];

function isJson(text: string): boolean {
  try {
    return (
      text.replace(/^# first\r?\n/, '').startsWith('{') &&
      JSON.parse(text.replace(/^# first\r?\n/, '').replace(/# last$/, '')) !== undefined
    );
  } catch {
    return false;
  }
}

async function readOurs(texts: readonly string[]): Promise<Reading[]> {
  const read = await parseTexts(
    worker,
    texts.map((text) => ({ text, file: 'x.yaml' })),
  );
  return read.map((found) => {
    if (found instanceof AppError) return { refused: found.message };
    assert.ok(found.length <= 1 || found.every(({ item }) => item));
    return { value: canonicalJson(found[0]?.value ?? null) };
  });
}

/** undefined where there is no Go that can build it. */
function readTheirs(t: TestContext, texts: readonly string[]): Reading[] | undefined {
  const program = join(temporary(t), 'oracle');
  const built = spawnSync('go', ['build', '-mod=readonly', '-buildvcs=false', '-o', program, '.'], {
    cwd: join(import.meta.dirname, 'oracle'),
    encoding: 'utf8',
  });
  if (built.status !== 0) return undefined;
  const { stdout } = spawnSync(program, { input: JSON.stringify(texts), encoding: 'utf8', maxBuffer: 2 ** 28 });
  const answers = JSON.parse(stdout) as (string | null)[];
  return answers.map((answer) =>
    answer === null ? { refused: 'refused' } : { value: canonicalJson(parseJson(answer)) },
  );
}

function hash({ value }: Reading): Buffer {
  return createHash('sha256')
    .update(value ?? 'refused')
    .digest()
    .subarray(0, kept);
}

function same(ours: Reading, theirs: Reading): boolean {
  return ours.value === theirs.value;
}

function isDeliberate(text: string, ours: Reading, theirs: Reading): boolean {
  return deliberate.some((row) => row.is(text, ours, theirs));
}

/** Names the first of them: a comparison of thousands of texts is nothing that a test should print. */
function none(wrong: readonly string[]): void {
  if (wrong.length > 0) assert.fail(`${wrong.length} differ, among them:\n${wrong.slice(0, 10).join('\n')}`);
}

function explained(text: string, ours: Reading, theirs: Reading): string {
  return (
    `${JSON.stringify(text)}\n  ours:   ${ours.value ?? `refused: ${ours.refused ?? ''}`}\n` +
    `  theirs: ${theirs.value ?? 'refused'}`
  );
}

test(`${count} generated documents are read as Kubernetes reads them`, async (t) => {
  const texts = documents(seed, count);
  const ours = await readOurs(texts);
  const theirs = readTheirs(t, texts);
  if (!theirs) return compareStored(t, texts, ours);
  const pairs = texts.map((text, index) => ({ text, ours: ours[index] ?? {}, theirs: theirs[index] ?? {} }));
  const differing = pairs.filter((pair) => !same(pair.ours, pair.theirs));
  none(
    differing
      .filter((pair) => !isDeliberate(pair.text, pair.ours, pair.theirs))
      .map((pair) => explained(pair.text, pair.ours, pair.theirs)),
  );
  for (const row of deliberate)
    assert.ok(
      pairs.some((pair) => row.is(pair.text, pair.ours, pair.theirs)),
      `${row.what}: no document shows it`,
    );
  const read = pairs.filter((pair) => pair.theirs.value !== undefined).length;
  assert.ok(read > count / 2 && read < count * 0.9, `${read} are valid: both kinds are wanted`);
  // By chance they answer one thing or another there.
  const hashes = Buffer.concat(
    pairs.map((pair) => (isDeliberate(pair.text, pair.ours, pair.theirs) ? Buffer.alloc(kept) : hash(pair.theirs))),
  );
  if (process.env['UPDATE_GOLDEN']) writeFileSync(stored, hashes);
  assert.ok(readFileSync(stored).equals(hashes), 'what is stored is what they answer');
});

function compareStored(t: TestContext, texts: readonly string[], ours: readonly Reading[]): void {
  t.diagnostic('without Go: compared with stored answers');
  const hashes = readFileSync(stored);
  assert.equal(hashes.length, count * kept);
  const wrong = texts.filter((_, index) => {
    const theirs = hashes.subarray(index * kept, (index + 1) * kept);
    return !theirs.equals(Buffer.alloc(kept)) && !theirs.equals(hash(ours[index] ?? {}));
  });
  none(wrong);
}

test('the comparison without Go finds what differs', (t) => {
  const texts = documents(seed, count);
  assert.notEqual(texts.join(), documents(seed + 1, count).join());
  assert.throws(
    () =>
      compareStored(
        t,
        texts,
        texts.map(() => ({ value: '{"a":1}' })),
      ),
    assert.AssertionError,
  );
});
