// Shell globs over plain text, as Argo CD's lists and policies use them (the semantics of gobwas/glob), in time linear
// in the text.

interface GlobOptions {
  /** Characters that `*` and `?` do not cross; `**` crosses everything. Default: none. */
  separators?: string;
}

interface Glob {
  test(text: string): boolean;
  /** States reached by all tests so far: no more for each character of a text than the pattern has. */
  readonly steps: number;
}

/** Whether a state takes the character with that code. */
type Accepts = (code: number) => boolean;

/**
 * `one` takes a character and goes on, `many` takes any number of them, `to` takes none and goes on at each of `to`.
 * Numbers are codes:
 * most states take one character alone.
 */
type State = { one: Accepts | number } | { many: Accepts } | { to: number[] };

/**
 * True if the whole text matches: `*`, `**`, `?`, `[a-z]`, `[!a]`, `{one,two}`, `\` before a literal. A pattern that is
 * not well formed matches only itself.
 */
export function globMatch(pattern: string, text: string, options: GlobOptions = {}): boolean {
  return compileGlob(pattern, options).test(text);
}

/**
 * `separators`: characters that `*` and `?` do not match; default none. A pattern without special characters is
 * compared as text.
 */
export function compileGlob(pattern: string, { separators = '' }: GlobOptions = {}): Glob {
  const states = /[*?[{\\]/.test(pattern) ? statesOf([...pattern], separators) : undefined;
  return states ? new Automaton(states) : { test: (text) => text === pattern, steps: 0 };
}

/**
 * All states that the text read so far can be in, at once (Thompson): nothing is ever tried again. The state after the
 * last one is the end.
 */
class Automaton implements Glob {
  readonly #states: readonly State[];
  /** The states before and after a character; so many of each as counted. */
  #now: Int32Array;
  #next: Int32Array;
  #count = 0;
  /** The round in which a state was last reached. */
  readonly #seen: Float64Array;
  #round = 0;
  readonly #left: number[] = [];
  #steps = 0;

  constructor(states: readonly State[]) {
    this.#states = states;
    [this.#now, this.#next] = [new Int32Array(states.length + 1), new Int32Array(states.length + 1)];
    this.#seen = new Float64Array(states.length + 1);
  }

  get steps(): number {
    return this.#steps;
  }

  test(text: string): boolean {
    this.#begin();
    this.#reach(0);
    for (let at = 0; at < text.length; at += 1) {
      const code = text.codePointAt(at) ?? 0;
      if (code > 0xffff) at += 1;
      this.#take(code);
      if (this.#count === 0) return false;
    }
    return this.#seen[this.#states.length] === this.#round;
  }

  #begin(): void {
    [this.#now, this.#next] = [this.#next, this.#now];
    this.#count = 0;
    this.#round += 1;
  }

  #take(code: number): void {
    const before = this.#count;
    this.#begin();
    for (let index = 0; index < before; index += 1) {
      const at = this.#now[index] ?? 0;
      const state = this.#states[at];
      if (!state || 'to' in state) continue;
      if ('many' in state) {
        if (state.many(code)) this.#reach(at);
      } else if (typeof state.one === 'number' ? state.one === code : state.one(code)) this.#reach(at + 1);
    }
  }

  /** The state, and those that need no character to be reached from it; each once. */
  #reach(from: number): void {
    const left = this.#left;
    left.push(from);
    for (let at = left.pop(); at !== undefined; at = left.pop()) {
      if (this.#seen[at] === this.#round) continue;
      this.#seen[at] = this.#round;
      this.#steps += 1;
      const state = this.#states[at];
      if (state && 'to' in state) {
        for (const to of state.to) left.push(to);
        continue;
      }
      this.#next[this.#count] = at;
      this.#count += 1;
      if (state && 'many' in state) left.push(at + 1);
    }
  }
}

/** undefined: the pattern is not well formed. */
function statesOf(pattern: readonly string[], separators: string): State[] | undefined {
  const codes = new Set([...separators].map(codeOf));
  const inside: Accepts = (code) => !codes.has(code);
  const states: State[] = [];
  const open: { fork: number[]; ends: number[][] }[] = [];
  for (let at = 0; at < pattern.length; at += 1) {
    const char = pattern[at] ?? '';
    const group = open.at(-1);
    if (char === '*') {
      const crosses = pattern[at + 1] === '*';
      if (crosses) at += 1;
      states.push({ many: crosses || codes.size === 0 ? () => true : inside });
    } else if (char === '?') states.push({ one: inside });
    else if (char === '\\') {
      at += 1;
      const escaped = pattern[at];
      if (escaped !== undefined) states.push({ one: codeOf(escaped) });
    } else if (char === '{') open.push(fork(states));
    else if (char === '}' && group) {
      for (const end of group.ends) end.push(states.length);
      open.pop();
    } else if (char === ',' && group) nextBranch(states, group);
    else if (char === '[') {
      const end = pattern.indexOf(']', at + 2);
      const takes = end < 0 ? undefined : members(pattern.slice(at + 1, end));
      if (!takes) return undefined;
      states.push({ one: takes });
      at = end;
    } else states.push({ one: codeOf(char) });
  }
  return open.length > 0 ? undefined : states;
}

function fork(states: State[]): { fork: number[]; ends: number[][] } {
  const to = [states.length + 1];
  states.push({ to });
  return { fork: to, ends: [] };
}

function nextBranch(states: State[], group: { fork: number[]; ends: number[][] }): void {
  const end: number[] = [];
  states.push({ to: end });
  group.ends.push(end);
  group.fork.push(states.length);
}

/**
 * What a class between brackets takes; only `!` negates. undefined: an empty class, or a range that ends before it
 * begins.
 */
function members(text: readonly string[]): Accepts | undefined {
  const negated = text[0] === '!';
  const list = negated ? text.slice(1) : text;
  const ranges: [from: number, to: number][] = [];
  for (let at = 0; at < list.length; at += 1) {
    const from = codeOf(list[at]);
    const ranged = list[at + 1] === '-' && at + 2 < list.length;
    const to = ranged ? codeOf(list[at + 2]) : from;
    if (to < from) return undefined;
    ranges.push([from, to]);
    if (ranged) at += 2;
  }
  if (ranges.length === 0) return undefined;
  return (code) => ranges.some(([from, to]) => from <= code && code <= to) !== negated;
}

function codeOf(char: string | undefined): number {
  return char?.codePointAt(0) ?? 0;
}
