// Documents of YAML from a seed: scalars, keys and collections in every form that may be read in more than one way.

/** Numbers from 0 to 1, the same for every run (mulberry32). */
function numbers(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296;
  };
}

const plain = [
  'yes',
  'No',
  'oN',
  'OFF',
  'y',
  'n',
  'true',
  'FALSE',
  'tRue',
  'null',
  'Null',
  '~',
  '',
  'nil',
  '<<',
  '=',
  '.inf',
  '-.INF',
  '+.Inf',
  '.nan',
  '.NaN',
  'inf',
  '0',
  '-0',
  '+0',
  '00',
  '007',
  '08',
  '0777',
  '0o14',
  '0O14',
  '-0o7',
  '0x1F',
  '0X1f',
  '-0x10',
  '+0xA',
  '0xg',
  '0b11',
  '0B1',
  '-0b11',
  '0b2',
  '1_000',
  '_1',
  '1__0',
  '0x_F',
  '0b_1',
  '1.',
  '.5',
  '-.5',
  '+.5',
  '1.5',
  '1.10',
  '1e3',
  '1E3',
  '1e+3',
  '1.e3',
  '1e-7',
  '1e21',
  '1e400',
  '-1e400',
  '1234e567',
  '0e1',
  '12e03',
  '1e',
  'e3',
  '1_0.5',
  '1.5_0',
  '0x1.8p1',
  '0x1p-2',
  '9007199254740993',
  '-9007199254740993',
  '9223372036854775807',
  '9223372036854775808',
  '18446744073709551615',
  '18446744073709551616',
  '99999999999999999999',
  '0xFFFFFFFFFFFFFFFF',
  '123456789.123456789',
  '12:30',
  '12:30:45',
  '1:60',
  '190:20:30',
  '-1:30',
  '2020-01-01',
  '2020-1-1',
  '2020-01-01T10:00:00Z',
  '2020-01-01 10:00:00',
  '2020-13-01',
  '1.2.3',
  '100m',
  '1Gi',
  '1,000',
  '1 000',
  'v1.0',
  '5/15',
  'a b',
  'a:b',
  'a #b',
  'a#b',
  ':a',
  '?a',
  'ä',
  '日本',
  '😀',
  'a\u00a0b',
  'a\u2028b',
  'a\tb',
  "it's",
  'say "x"',
  'a\\b',
  '!a',
];
/** Most of them end a document where they stand. */
const odd = [
  'a: b',
  '#c',
  '@a',
  '`a`',
  '%a',
  '&a',
  '*a',
  '-',
  '- a',
  '? a',
  ':',
  '|',
  '>',
  'a\u0085b',
  '\ufeffa',
  '[a',
  'a]',
  '{a',
  'a}',
  'a,b',
  '"\\q"',
  '"\\ud83d\\ude00"',
  '"a',
  "'a",
  '"a" b',
];
const quoted = [
  '""',
  "''",
  '"yes"',
  "'0777'",
  '"1e3"',
  '"a\\nb"',
  '"\\x41\\u00e9\\U0001F600"',
  '"\\e\\0\\N\\_\\L\\P"',
  '"\\/"',
  "'it''s'",
  '"a\nb"',
  '"a\n\nb"',
  "'a\n b'",
  '"a\\\n  b"',
  '"\t"',
];
const tags = [
  '!!str',
  '!!int',
  '!!float',
  '!!bool',
  '!!null',
  '!!binary',
  '!!timestamp',
  '!!map',
  '!!seq',
  '!!set',
  '!!omap',
  '!local',
  '!<tag:yaml.org,2002:str>',
  '!!unknown',
  '!',
];
const binary = ['aGVsbG8=', 'aGV sbG8=', '/w==', 'no base64', '""'];
const blocks = ['|\n', '>\n', '|-\n', '>+\n', '|2\n', '>1-\n', '|+1\n', '| # c\n'];
const digits = '0123456789_.+-eExXoObB:aFn~';

/** One document for each number of the seed's row; most are valid. */
export function documents(seed: number, count: number): string[] {
  const next = numbers(seed);
  return Array.from({ length: count }, () => new Writer(next).document());
}

class Writer {
  readonly #next: () => number;
  #anchors = 0;

  constructor(next: () => number) {
    this.#next = next;
  }

  document(): string {
    const body = this.#chance(0.15)
      ? this.#flow(3)
      : this.#chance(0.1)
        ? this.#scalar()
        : this.#block(0, 3).replace(/^\n/, '');
    const text =
      `${this.#chance(0.1) ? '# first\n' : ''}${body}${this.#chance(0.8) ? '\n' : ''}` +
      `${this.#chance(0.05) ? '# last' : ''}`;
    return this.#chance(0.05) ? text.replaceAll('\n', '\r\n') : text;
  }

  #chance(of: number): boolean {
    return this.#next() < of;
  }

  #below(limit: number): number {
    return Math.floor(this.#next() * limit);
  }

  #pick(from: readonly string[]): string {
    return from[this.#below(from.length)] ?? '';
  }

  #scalar(): string {
    if (this.#chance(0.01)) return this.#pick(odd);
    const kind = this.#below(20);
    if (kind < 11) return this.#pick(plain);
    if (kind < 14) return this.#pick(quoted);
    if (kind < 17)
      return Array.from({ length: 1 + this.#below(6) }, () => digits[this.#below(digits.length)] ?? '').join('');
    if (kind === 17) return `${this.#pick(tags)} ${this.#pick(this.#chance(0.4) ? binary : plain)}`;
    if (kind === 18) return `&a${(this.#anchors += 1)} ${this.#pick(plain)}`;
    return this.#alias();
  }

  #alias(): string {
    return this.#anchors > 0 && this.#chance(0.95) ? `*a${1 + this.#below(this.#anchors)}` : this.#pick(plain);
  }

  #key(): string {
    if (this.#chance(0.01)) return this.#pick(odd);
    const kind = this.#below(40);
    if (kind < 22) return this.#pick(['a', 'b', 'c', 'name', 'app', '"a"', "'b'", '"1"', '"true"']);
    if (kind < 34) return this.#pick(plain.filter((text) => text !== '')); // an empty one is found below
    if (kind < 37) return this.#pick(quoted);
    if (kind === 37 && this.#chance(0.3)) return this.#pick(['? a\n', '[a]', '{a: b}', 'null', '~', '']);
    return this.#pick(['d', 'e', '1', '1.5', '0x10', 'yes']);
  }

  #entry(indent: number, depth: number): string {
    if (this.#chance(0.06) && this.#anchors > 0)
      return `<<: ${this.#chance(0.7) ? this.#alias() : `[${this.#alias()}, ${this.#alias()}]`}`;
    return `${this.#key()}:${this.#value(indent, depth)}`;
  }

  #value(indent: number, depth: number): string {
    const kind = this.#below(12);
    if (depth === 0 || kind < 5) return ` ${this.#scalar()}`;
    if (kind === 5) return ` ${this.#pick(blocks)}${this.#blockText(indent)}`;
    if (kind < 8) return ` ${this.#flow(depth - 1)}`;
    const anchor = this.#chance(0.3) ? ` &a${(this.#anchors += 1)}` : this.#chance(0.05) ? ` ${this.#pick(tags)}` : '';
    return `${anchor}${this.#block(indent + 2, depth - 1)}`;
  }

  #blockText(indent: number): string {
    const pad = ' '.repeat(indent + 1 + this.#below(3));
    return Array.from({ length: 1 + this.#below(3) }, () =>
      this.#chance(0.2) ? '' : `${pad}${this.#pick(plain)}`,
    ).join('\n');
  }

  /** Begins with the end of the line before it. */
  #block(indent: number, depth: number): string {
    const pad = ' '.repeat(indent);
    const entries = Array.from({ length: 1 + this.#below(4) });
    const comment = (): string => (this.#chance(0.05) ? ' # c' : '');
    if (this.#chance(0.3)) return entries.map(() => `\n${pad}-${this.#value(indent, depth)}${comment()}`).join('');
    return entries.map(() => `\n${this.#chance(0.01) ? '\t' : pad}${this.#entry(indent, depth)}${comment()}`).join('');
  }

  #flow(depth: number): string {
    const space = this.#chance(0.15) ? '\n' : ' ';
    const item = (): string => (depth > 0 && this.#chance(0.3) ? this.#flow(depth - 1) : this.#scalar());
    const items = Array.from({ length: this.#below(4) });
    if (this.#chance(0.4))
      return `[${items.map(item).join(`,${space}`)}${this.#chance(0.1) ? ',' : ''}]${this.#chance(0.01) ? ' x' : ''}`;
    if (this.#chance(0.2))
      return (
        '{' +
        items
          .map(
            () =>
              `"k${this.#below(3)}": ` +
              this.#pick([
                '1',
                '1.50',
                '"x"',
                'null',
                '[1]',
                '12345678901234567890',
                '1e400',
                '"\\/"',
                '"\\ud83d\\ude00"',
              ]),
          )
          .join(', ') +
        '}'
      );
    return (
      `{${items.map(() => `${this.#key()}:${space}${item()}`).join(`,${space}`)}}` + `${this.#chance(0.01) ? ' x' : ''}`
    );
  }
}
