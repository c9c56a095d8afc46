// Numbers that the API server stores as other ones: an apply cuts an integer to what its field holds, rounds a
// quantity, and says nothing.
import { isObject } from '../model/kube.ts';

interface ChangedNumber {
  /** `spec.template.spec.containers[0].ports[0].containerPort` */
  path: string;
  sent: number | bigint | string;
  stored: number | bigint | string;
}

type Integer = number | bigint;

function isInteger(value: unknown): value is Integer {
  return typeof value === 'bigint' || (typeof value === 'number' && Number.isInteger(value));
}

function fits(bits: number, value: Integer): boolean {
  return BigInt.asIntN(bits, BigInt(value)) === BigInt(value);
}

/**
 * An int32 field keeps the low 32 bits; what no int64 holds becomes whatever a double makes of it. Any other number is
 * somebody's decision, as of an admission webhook.
 */
function isCut(sent: Integer, stored: Integer): boolean {
  if (BigInt(sent) === BigInt(stored)) return false;
  return !fits(64, sent) || (!fits(32, sent) && BigInt.asIntN(32, BigInt(sent)) === BigInt(stored));
}

/** Ten to this power times the value is whole, for every quantity that is read here. */
const scale = 150;
/** apimachinery: pkg/api/resource/quantity.go; what is longer is nobody's quantity. */
const quantity = /^([+-]?)(\d{0,40})(?:\.(\d{0,40}))?([numkMGTPE]|[KMGTPE]i|[eE][+-]?\d{1,2})?$/;
const decimal: Record<string, number> = { n: -9, u: -6, m: -3, k: 3, M: 6, G: 9, T: 12, P: 15, E: 18 };
const binary: Record<string, bigint> = { Ki: 10n, Mi: 20n, Gi: 30n, Ti: 40n, Pi: 50n, Ei: 60n };

function parse(text: string): bigint | undefined {
  const [, sign = '', whole = '', fraction = '', suffix = ''] = quantity.exec(text) ?? [];
  if (whole + fraction === '') return undefined;
  const exponent = /^[eE][+-]?\d/.test(suffix) ? Number(suffix.slice(1)) : (decimal[suffix] ?? 0);
  const value = BigInt(whole + fraction) * 10n ** BigInt(scale + exponent - fraction.length);
  const size = value * 2n ** (binary[suffix] ?? 0n);
  return sign === '-' ? -size : size;
}

/** Thousandths, as Kubernetes counts them: rounded up; 0 for what is no quantity. */
export function milliOf(text: string): number {
  return Number(rounded(parse(text) ?? 0n, -3) / 10n ** BigInt(scale - 3));
}

/** Away from zero, to a whole number of 10^exponent. */
function rounded(value: bigint, exponent: number): bigint {
  const unit = 10n ** BigInt(scale + exponent);
  const rest = value % unit;
  return rest === 0n ? value : value - rest + (value < 0n ? -unit : unit);
}

/**
 * Of resources the server keeps thousandths, of any quantity billionths, and no more than an int64 (kubernetes:
 * pkg/apis/core/v1/conversion.go, Convert_v1_ResourceList_To_core_ResourceList). Another quantity than that is
 * somebody's decision.
 */
function isRoundedTo(sent: string, stored: string): boolean {
  const [before, after] = [parse(sent), parse(stored)];
  if (before === undefined || after === undefined || before === after) return false;
  const most = (2n ** 63n - 1n) * 10n ** BigInt(scale);
  const isCapped = (before > most && after === most) || (before < -most && after === -most);
  return isCapped || after === rounded(before, -3) || after === rounded(before, -9);
}

/** What an entry of a list must have in common with what became of it. */
function isLike(sent: unknown, stored: unknown): boolean {
  if (!isObject(sent) || !isObject(stored)) return false;
  return Object.entries(sent).every(([name, value]) => typeof value !== 'string' || stored[name] === value);
}

function inList(sent: unknown[], stored: unknown[], path: string): ChangedNumber[] {
  return sent.flatMap((entry, at) => {
    const there = `${path}[${at}]`;
    // The entries of others stand among ours; a key that was cut finds nothing.
    const candidates = sent.length === stored.length ? [stored[at]] : stored.filter((other) => isLike(entry, other));
    const found = candidates.map((other) => changedNumbers(entry, other, there));
    return found.some((changes) => changes.length === 0) ? [] : (found[0] ?? []);
  });
}

/** Integers and quantities of what was sent that came back as others. */
export function changedNumbers(sent: unknown, stored: unknown, path = ''): ChangedNumber[] {
  if ((typeof sent === 'string' || typeof sent === 'number') && typeof stored === 'string')
    return isRoundedTo(String(sent), stored) ? [{ path, sent, stored }] : [];
  if (isInteger(sent)) return isInteger(stored) && isCut(sent, stored) ? [{ path, sent, stored }] : [];
  if (Array.isArray(sent)) return Array.isArray(stored) ? inList(sent, stored, path) : [];
  if (!isObject(sent) || !isObject(stored)) return [];
  return Object.entries(sent).flatMap(([name, value]) =>
    changedNumbers(value, stored[name], path === '' ? name : `${path}.${name}`),
  );
}
