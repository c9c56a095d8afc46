// Unified diffs of two texts, line by line (Myers' O(ND) algorithm).

interface DiffLine {
  sign: ' ' | '+' | '-';
  text: string;
}

/** Beyond so many steps the middle is shown as removed and added whole: correct, only longer. */
const maxSteps = 500;

function split(text: string): string[] {
  const lines = text.split('\n');
  if (lines.at(-1) === '') lines.pop();
  return lines;
}

/** Every line of both texts in order, each with its sign. */
export function diffLines(before: string, after: string): DiffLine[] {
  const a = split(before);
  const b = split(after);
  let head = 0;
  while (head < a.length && head < b.length && a[head] === b[head]) head += 1;
  let tail = 0;
  while (tail < a.length - head && tail < b.length - head && a[a.length - 1 - tail] === b[b.length - 1 - tail])
    tail += 1;
  const same = (lines: string[]): DiffLine[] => lines.map((text) => ({ sign: ' ', text }));
  return [
    ...same(a.slice(0, head)),
    ...middle(a.slice(head, a.length - tail), b.slice(head, b.length - tail)),
    ...same(tail > 0 ? a.slice(-tail) : []),
  ];
}

function whole(a: string[], b: string[]): DiffLine[] {
  return [...a.map((text): DiffLine => ({ sign: '-', text })), ...b.map((text): DiffLine => ({ sign: '+', text }))];
}

function middle(a: string[], b: string[]): DiffLine[] {
  if (a.length === 0 || b.length === 0) return whole(a, b);
  const trace = search(a, b);
  return trace ? walkBack(a, b, trace) : whole(a, b);
}

/** The furthest reaching x of every diagonal, step by step; undefined when it takes too many steps. */
function search(a: string[], b: string[]): Map<number, number>[] | undefined {
  const reach = new Map<number, number>([[1, 0]]);
  const trace: Map<number, number>[] = [];
  for (let steps = 0; steps <= Math.min(a.length + b.length, maxSteps); steps += 1) {
    trace.push(new Map(reach));
    for (let diagonal = -steps; diagonal <= steps; diagonal += 2) {
      let x = down(reach, diagonal, steps) ? (reach.get(diagonal + 1) ?? 0) : (reach.get(diagonal - 1) ?? 0) + 1;
      while (x < a.length && x - diagonal < b.length && a[x] === b[x - diagonal]) x += 1;
      reach.set(diagonal, x);
      if (x >= a.length && x - diagonal >= b.length) return trace;
    }
  }
  return undefined;
}

function down(reach: Map<number, number>, diagonal: number, steps: number): boolean {
  return (
    diagonal === -steps || (diagonal !== steps && (reach.get(diagonal - 1) ?? -1) < (reach.get(diagonal + 1) ?? -1))
  );
}

function walkBack(a: string[], b: string[], trace: Map<number, number>[]): DiffLine[] {
  const lines: DiffLine[] = [];
  let x = a.length;
  let y = b.length;
  for (let steps = trace.length - 1; steps >= 0; steps -= 1) {
    const reach = trace[steps] ?? new Map<number, number>();
    const diagonal = x - y;
    const from = down(reach, diagonal, steps) ? diagonal + 1 : diagonal - 1;
    const fromX = reach.get(from) ?? 0;
    const fromY = fromX - from;
    while (x > fromX && y > fromY) {
      x -= 1;
      y -= 1;
      lines.push({ sign: ' ', text: a[x] ?? '' });
    }
    if (steps === 0) break;
    if (x > fromX) lines.push({ sign: '-', text: a[fromX] ?? '' });
    else lines.push({ sign: '+', text: b[fromY] ?? '' });
    x = fromX;
    y = fromY;
  }
  return lines.reverse();
}

/**
 * `@@` hunks with `context` unchanged lines around each change (default 3); '' when the texts are equal. `heading`
 * gives the words behind a hunk's header from the numbers of its first changed line in the new and in the old text,
 * counted from 1.
 */
export function unifiedDiff(
  before: string,
  after: string,
  context = 3,
  heading?: (newLine: number, oldLine: number) => string,
): string {
  const lines = diffLines(before, after);
  const shown = lines.map(() => false);
  lines.forEach((line, at) => {
    if (line.sign === ' ') return;
    for (let near = Math.max(0, at - context); near <= Math.min(lines.length - 1, at + context); near += 1)
      shown[near] = true;
  });
  const out: string[] = [];
  const at = { old: 1, new: 1 };
  let hunk:
    { lines: string[]; old: number; new: number; oldCount: number; newCount: number; heading?: string } | undefined;
  const flush = (): void => {
    if (hunk)
      out.push(
        `@@ -${hunk.oldCount ? hunk.old : hunk.old - 1},${hunk.oldCount} ` +
          `+${hunk.newCount ? hunk.new : hunk.new - 1},${hunk.newCount} @@${hunk.heading ? ` ${hunk.heading}` : ''}`,
        ...hunk.lines,
      );
    hunk = undefined;
  };
  lines.forEach((line, index) => {
    if (shown[index]) {
      hunk ??= { lines: [], old: at.old, new: at.new, oldCount: 0, newCount: 0 };
      hunk.lines.push(line.sign + line.text);
      if (line.sign !== ' ') hunk.heading ??= heading?.(at.new, at.old) ?? '';
      if (line.sign !== '+') hunk.oldCount += 1;
      if (line.sign !== '-') hunk.newCount += 1;
    } else flush();
    if (line.sign !== '+') at.old += 1;
    if (line.sign !== '-') at.new += 1;
  });
  flush();
  return out.join('\n');
}
