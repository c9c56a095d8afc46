// Laws of version constraints, on tags and constraints that fast-check makes from one seed.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { Constraints } from '../../src/git/constraint.ts';
import { worker } from '../worker.ts';

type Version = readonly [major: number, minor: number, patch: number];

const parameters = { seed: 20_261_128, numRuns: 200 };
const version = fc.tuple(fc.nat(3), fc.nat(3), fc.nat(3));
const versions = fc.uniqueArray(version, { selector: String, maxLength: 12 });

function order(a: Version, b: Version): number {
  return a[0] - b[0] || a[1] - b[1] || a[2] - b[2];
}

function next([major, minor]: Version, place: 'major' | 'minor'): Version {
  return place === 'major' ? [major + 1, 0, 0] : [major, minor + 1, 0];
}

/** Whatever `^` leaves as it is: the first number that is not 0. */
function caretEnd(from: Version): Version {
  if (from[0] > 0) return next(from, 'major');
  return from[1] > 0 ? next(from, 'minor') : [0, 0, from[2] + 1];
}

const between = (from: Version, end: Version) => (each: Version) => order(each, from) >= 0 && order(each, end) < 0;

interface Comparator {
  text: string;
  fits(each: Version): boolean;
}

/** One comparison as it is written, and what it means. */
const comparator: fc.Arbitrary<Comparator> = fc
  .tuple(version, fc.constantFrom('>', '>=', '<', '<=', '=', '!=', '~', '^', 'x'))
  .map(([at, sign]): Comparator => {
    const text = `${sign}${at.join('.')}`;
    if (sign === 'x') return { text: `${at[0]}.${at[1]}.x`, fits: between([at[0], at[1], 0], next(at, 'minor')) };
    if (sign === '~') return { text, fits: between(at, next(at, 'minor')) };
    if (sign === '^') return { text, fits: between(at, caretEnd(at)) };
    const holds = { '>': [1], '>=': [0, 1], '<': [-1], '<=': [-1, 0], '=': [0], '!=': [-1, 1] }[sign] ?? [];
    return { text, fits: (each) => holds.includes(Math.sign(order(each, at))) };
  });

function refsOf(tags: readonly Version[]): Map<string, string> {
  return new Map([...tags.map((each) => `refs/tags/v${each.join('.')}`), 'refs/heads/main'].map((ref) => [ref, 'c0']));
}

async function law(inputs: readonly Version[], text: string, fits: (each: Version) => boolean): Promise<void> {
  const best = inputs.filter(fits).sort(order).at(-1);
  const found = await new Constraints(worker).newest(refsOf(inputs), text);
  assert.equal(found, best && `refs/tags/v${best.join('.')}`, text);
}

test('a comparison means the newest tag on its side, however the tags are ordered', async () => {
  const property = fc.asyncProperty(versions, comparator, (tags, one) => law(tags, one.text, one.fits));
  await fc.assert(property, parameters);
});

test('with a blank or comma all comparisons must hold, with || one of them', async () => {
  const joined = fc.constantFrom(' ', ', ', ' || ');
  const property = fc.asyncProperty(versions, comparator, comparator, joined, (tags, one, other, by) =>
    law(tags, `${one.text}${by}${other.text}`, (each) =>
      by === ' || ' ? one.fits(each) || other.fits(each) : one.fits(each) && other.fits(each),
    ),
  );
  await fc.assert(property, parameters);
});

test('a pre-release fits only where the constraint names one', async () => {
  const property = fc.asyncProperty(version, async (at) => {
    const refs = new Map([`refs/tags/${at.join('.')}-rc.1`].map((ref) => [ref, 'c0']));
    const constraints = new Constraints(worker);
    assert.equal(await constraints.newest(refs, '>=0.0.0'), undefined);
    assert.equal(await constraints.newest(refs, '>=0.0.0-0'), `refs/tags/${at.join('.')}-rc.1`);
  });
  await fc.assert(property, parameters);
});
