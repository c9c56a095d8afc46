// Integers that a tool makes others of: Helm's values, Jsonnet's numbers and what a JSON 6902 patch of Kustomize goes
// through are doubles, which hold no integer beyond 2^53 exactly.
import type { AppError } from '../../base/errors.ts';
import type { ToolName } from './workers.ts';
import { renderError } from './plan.ts';

/** What may be an integer that a double does not hold: as YAML and JSON write it, or as tools print doubles. */
const number =
  /(?<![\w.])(?:\d[\d_]{15,24}|0x[\da-f_]{14,20}|0o?[0-7_]{18,24}|\d(?:\.\d{1,20})?e\+?\d\d)(?![\w.]*\w)/gi;
const maybe = /\d{16}|e\+?\d\d/;
/** Beyond them Kubernetes reads a double too (sigs.k8s.io/yaml). */
const largest = 2n ** 64n;

function valueOf(token: string): bigint | undefined {
  const text = token.replaceAll('_', '').toLowerCase();
  if (/e/.test(text) && !text.startsWith('0x'))
    return Number.isInteger(Number(text)) ? BigInt(Number(text)) : undefined;
  return BigInt(/^0[0-7]+$/.test(text) ? `0o${text.slice(1)}` : text);
}

function isHeld(value: bigint): boolean {
  return BigInt(Number(value)) === value;
}

/** Whether a tool that has a double prints it like that. */
function isPrinted(value: bigint): boolean {
  return isHeld(value) || String(Number(value)) === String(value);
}

function* integersIn(text: string): Generator<{ value: bigint; at: number }> {
  for (const { 0: token, index } of text.matchAll(number)) {
    const value = /[89]/.test(token) && /^0\d/.test(token) ? undefined : valueOf(token);
    if (value !== undefined && value > BigInt(Number.MAX_SAFE_INTEGER)) yield { value, at: index };
  }
}

const hints: Record<ToolName, string> = {
  kustomize:
    'A JSON 6902 patch rounds the integers of the whole object that it patches: write it as a strategic merge patch, ' +
    'which keeps them.',
  helm: 'Helm reads numbers of values as floating point: write this one in quotes, and print it by {{ .Values.… }}.',
  jsonnet: 'All numbers of Jsonnet are floating point: put the object into a YAML file, which keeps its integers.',
};

interface Made {
  tool: ToolName;
  /** What the tool printed. */
  text: string;
  /** What it read, by absolute path. */
  files: Iterable<readonly [string, Buffer]>;
  /** undefined: what the Application itself says. */
  fileOf(path: string): string | undefined;
}

/**
 * E_RENDER at the first integer that a file has and the output only as the double next to it, unless that double stands
 * in a file as well. The number is not told: it may be the value of a Secret.
 */
export function roundedIn({ tool, text, files, fileOf }: Made): AppError | undefined {
  if (!maybe.test(text)) return undefined;
  const made = new Map([...integersIn(text)].map(({ value }) => [value, Number(value)]));
  const doubles = new Set([...made].flatMap(([value, double]) => (isPrinted(value) ? [double] : [])));
  if (doubles.size === 0) return undefined;
  for (const [path, content] of files) {
    const read = content.toString('latin1');
    if (!/\d{14}|0x/i.test(read)) continue;
    for (const { value, at } of integersIn(read)) {
      if (value >= largest || isHeld(value) || made.has(value) || !doubles.has(Number(value))) continue;
      const file = fileOf(path);
      const place = file === undefined ? undefined : { file, line: read.slice(0, at).split('\n').length };
      const whose = place ? '' : ' of the Application itself';
      return renderError(`an integer${whose} beyond 2^53 comes out of ${tool} as another number`, place, {
        hint: hints[tool],
      });
    }
  }
  return undefined;
}
