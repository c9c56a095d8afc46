// Semver constraints over tag names, as far as target revisions use them: ranges such as `v1.*`, `~1.2`, `^1.4`, `>=1.0 <2` and `||`.

interface Version {
  parts: [number, number, number];
  pre: string;
}

interface Rule {
  operator: string;
  parts: number[];
  pre: string;
}

/** The highest tag that fits the constraint; undefined if none does or the text is no constraint. Pre-releases fit only rules that name one. */
export function highestTag(constraint: string, tags: Iterable<string>): string | undefined {
  const alternatives = constraint.split('||').map((part) => parseRules(part));
  if (alternatives.some((rules) => rules === undefined)) return undefined;
  let best: { tag: string; version: Version } | undefined;
  for (const tag of tags) {
    const version = parseVersion(tag);
    if (!version || !alternatives.some((rules) => rules && fits(version, rules))) continue;
    if (!best || compare(version, best.version) > 0) best = { tag, version };
  }
  return best?.tag;
}

/** Only texts with an operator or a wildcard are constraints: anything else names a ref. */
export function isConstraint(text: string): boolean {
  return /[~^<>=*|]|(^|\.)[xX]($|\.)/.test(text) && parseRules(text.split('||')[0] ?? '') !== undefined;
}

function parseRules(text: string): Rule[] | undefined {
  const items = text.replace(/(?<=[<>=~^!])\s+/g, '').split(/[\s,]+/).filter(Boolean);
  const rules = items.map((item) => {
    const match = /^(>=|<=|>|<|=|!=|~|\^)?v?(\d+|[xX*])(?:\.(\d+|[xX*]))?(?:\.(\d+|[xX*]))?(?:-([0-9A-Za-z.-]+))?$/.exec(item);
    if (!match) return undefined;
    const parts: number[] = [];
    for (const part of [match[2], match[3], match[4]]) {
      if (part === undefined || !/^\d+$/.test(part)) break;
      parts.push(Number(part));
    }
    return { operator: match[1] ?? '=', parts, pre: match[5] ?? '' };
  });
  return rules.length > 0 && rules.every((rule) => rule !== undefined) ? rules : undefined;
}

function parseVersion(tag: string): Version | undefined {
  const match = /^v?(\d+)\.(\d+)\.(\d+)(?:-([0-9A-Za-z.-]+))?(?:\+.*)?$/.exec(tag);
  return match ? { parts: [Number(match[1]), Number(match[2]), Number(match[3])], pre: match[4] ?? '' } : undefined;
}

function fits(version: Version, rules: Rule[]): boolean {
  if (version.pre !== '' && !rules.some((rule) => rule.pre !== '')) return false;
  return rules.every((rule) => fitsRule(version, rule));
}

function fitsRule(version: Version, rule: Rule): boolean {
  const [major, minor = 0, patch = 0] = rule.parts;
  if (major === undefined) return true;
  const low: Version = { parts: [major, minor, patch], pre: rule.pre };
  const above = (parts: [number, number, number]): boolean => compare(version, { parts, pre: '' }) < 0;
  switch (rule.operator) {
    case '>=': return compare(version, low) >= 0;
    case '>': return rule.parts.length < 3 ? !above(next(rule.parts)) : compare(version, low) > 0;
    case '<': return compare(version, low) < 0;
    case '<=': return rule.parts.length < 3 ? above(next(rule.parts)) : compare(version, low) <= 0;
    case '!=': return compare(version, low) !== 0;
    case '~': return compare(version, low) >= 0 && above(rule.parts.length === 1 ? [major + 1, 0, 0] : [major, minor + 1, 0]);
    case '^': return compare(version, low) >= 0 && above(caret(major, minor, patch, rule.parts.length));
    default: return rule.parts.length === 3 ? compare(version, low) === 0 : compare(version, low) >= 0 && above(next(rule.parts));
  }
}

function caret(major: number, minor: number, patch: number, given: number): [number, number, number] {
  if (major > 0 || given === 1) return [major + 1, 0, 0];
  return minor > 0 || given === 2 ? [0, minor + 1, 0] : [0, 0, patch + 1];
}

/** The first version beyond a partial one: 1 → 2.0.0, 1.2 → 1.3.0. */
function next(parts: number[]): [number, number, number] {
  const [major = 0, minor] = parts;
  return minor === undefined ? [major + 1, 0, 0] : [major, minor + 1, 0];
}

function compare(a: Version, b: Version): number {
  for (const index of [0, 1, 2] as const) {
    if (a.parts[index] !== b.parts[index]) return a.parts[index] - b.parts[index];
  }
  if (a.pre === b.pre) return 0;
  if (a.pre === '') return 1;
  if (b.pre === '') return -1;
  return comparePre(a.pre.split('.'), b.pre.split('.'));
}

function comparePre(a: string[], b: string[]): number {
  for (let index = 0; index < Math.max(a.length, b.length); index += 1) {
    const [left, right] = [a[index], b[index]];
    if (left === undefined) return -1;
    if (right === undefined) return 1;
    if (left === right) continue;
    const [leftNumber, rightNumber] = [/^\d+$/.test(left), /^\d+$/.test(right)];
    if (leftNumber && rightNumber) return Number(left) - Number(right);
    if (leftNumber !== rightNumber) return leftNumber ? -1 : 1;
    return left < right ? -1 : 1;
  }
  return 0;
}
