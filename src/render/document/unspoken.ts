// What tools say of sources that make Secrets: words of those sources may be values, and are left out of errors.

/** Bytes that are read at most, of one file and of all: an error is told soon, and what is bigger is left out whole. */
const [mostOfFile, mostOfAll] = [2_000_000, 20_000_000];
/** Go's YAML reader cuts what it quotes to seven characters and three dots. */
const shortest = 6;

/** One character after the other decides: no pattern can be made to run long by what a repository holds. */
function wordsOf(text: string): string[] {
  return text.split(/[\s"'`=,;:(){}[\]<>|]+/).filter((word) => word.length >= shortest);
}

/** The text beside `{{…}}`. */
function withoutExpressions(line: string): string {
  const [first = '', ...parts] = line.split('{{');
  return [first, ...parts.map((part) => (part.includes('}}') ? part.slice(part.indexOf('}}') + 2) : ''))].join(' ');
}

const quotes = new Set(['"', "'", ',']);

function unquoted(text: string): string {
  let [from, to] = [0, text.length];
  while (from < to && quotes.has(text[from] ?? '')) from += 1;
  while (to > from && quotes.has(text[to - 1] ?? '')) to -= 1;
  return text.slice(from, to);
}

/** Names of imports and the messages that an author wrote for errors. */
const noValues = /\b(?:error|import|importstr|importbin)\s+@?(?:"[^"]*"|'[^']*')/g;

/** What stands after a key, an equals sign or a dash; of a template what it does not compute. */
function valuesIn(text: string, isTemplate: boolean): string[] {
  return text.split('\n').flatMap((line) => {
    const bare = (isTemplate ? withoutExpressions(line) : line).replace(noValues, ' ');
    const at = bare.search(/[:=]/);
    const key = bare.slice(0, Math.max(0, at));
    const isEntry = at >= 0 && /^[\s\-"'\w./:$]*$/.test(key);
    const value = unquoted((isEntry ? bare.slice(at + 1) : bare).trim());
    return value.length >= shortest ? [value, ...wordsOf(value)] : [];
  });
}

/**
 * Values that these files, by their paths, and these arguments of a tool, may have given to a Secret; none where none
 * is made. Throws RangeError where they are too much to tell.
 */
export function unspokenIn(files: ReadonlyMap<string, Buffer>, args: readonly string[]): string[] {
  const values = args.filter((arg) => arg.includes('=')).flatMap((arg) => valuesIn(arg, false));
  let bytesLeft = mostOfAll;
  let secret = false;
  for (const [path, content] of files) {
    bytesLeft -= content.length;
    if (content.length > mostOfFile || bytesLeft < 0) throw new RangeError(`${path} is too big to be looked through`);
    const text = content.toString('utf8');
    secret ||= /secret/i.test(text);
    for (const value of valuesIn(text, path.includes('/templates/'))) values.push(value);
  }
  return secret ? [...new Set(values)] : [];
}

/**
 * The text without any of them, and without their beginnings where a tool cuts what it quotes. `told`: words that stay,
 * such as names of files.
 */
export function withoutValues(text: string, values: readonly string[], told: (word: string) => boolean): string {
  const begins = new Map<string, string[]>();
  for (const value of values) {
    const key = value.slice(0, shortest);
    const known = begins.get(key);
    if (known) known.push(value);
    else begins.set(key, [value]);
  }
  let out = '';
  for (let at = 0; at < text.length;) {
    const word = fileName.exec(text.slice(at, at + 300))?.[0] ?? '';
    const isTold = word !== '' && (at === 0 || !/[\w./-]/.test(text[at - 1] ?? '')) && told(word);
    const length = isTold
      ? 0
      : Math.max(0, ...(begins.get(text.slice(at, at + shortest)) ?? []).map((value) => commonLength(text, at, value)));
    const step = isTold ? word.length : Math.max(1, length);
    out += length > 0 ? '++++++++' : text.slice(at, at + step);
    at += step;
  }
  return out;
}

/** At the beginning of what is looked at. */
const fileName = /^[\w./-]+\.(?:ya?ml|jsonnet|libsonnet|json|tpl|tgz|env|txt)(?![\w])/;

function commonLength(text: string, at: number, value: string): number {
  let length = 0;
  while (length < value.length && text[at + length] === value[length]) length += 1;
  return length;
}
