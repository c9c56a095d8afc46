// JSON in which integers keep their value: those beyond 2^53, which a number would round, are bigints.

declare global {
  interface JSON {
    /** Written into the text as it is (ECMAScript: JSON.parse source text access). */
    rawJSON(text: string): object;
    parse(text: string, reviver: (key: string, value: unknown, context: { source?: string }) => unknown): unknown;
  }
}

/** No smaller integer is unsafe. */
const longRun = /\d{16}/;
/** More digits are no integer of any API, and expensive to read. */
const mostDigits = 40;

function exactly(_key: string, value: unknown, { source }: { source?: string }): unknown {
  if (typeof value !== 'number' || Number.isSafeInteger(value) || source === undefined) return value;
  return /^-?\d+$/.test(source) && source.length <= mostDigits ? BigInt(source) : value;
}

/**
 * As JSON.parse; an integer that is not safe becomes a bigint, so that a value is always of one type. Other numbers are
 * doubles, as they are for Kubernetes. The reviver costs eight times as much: only texts that may need it pay.
 */
export function parseJson(text: string): unknown {
  return longRun.test(text) ? JSON.parse(text, exactly) : JSON.parse(text);
}

function raw(_key: string, value: unknown): unknown {
  return typeof value === 'bigint' ? JSON.rawJSON(String(value)) : value;
}

/** As JSON.stringify, bigints as the integers that they are. `undefined` where JSON has no such value. */
export function stringifyJson(value: unknown, indent?: number): string {
  try {
    return JSON.stringify(value, undefined, indent);
  } catch {
    // A bigint, or a circle, which throws again.
    return JSON.stringify(value, raw, indent);
  }
}
