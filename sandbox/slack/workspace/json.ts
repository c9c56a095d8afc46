// JSON values as they cross the wire, and the few guards needed to read them safely.

export type Json = null | boolean | number | string | Json[] | JsonObject;
export interface JsonObject {
  [key: string]: Json;
}

export function isObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

export function isList(value: unknown): value is Json[] {
  return Array.isArray(value);
}

/** The objects of a list; anything else reads as an empty list. */
export function objectsOf(value: Json | undefined): JsonObject[] {
  return isList(value) ? value.filter(isObject) : [];
}

export function stringOf(value: Json | undefined): string {
  return typeof value === 'string' ? value : '';
}

/** The text of a plain_text, mrkdwn or raw_text object. */
export function textOf(value: Json | undefined): string {
  return isObject(value) ? stringOf(value['text']) : '';
}

/** Undefined when the text is not JSON. */
export function parseJson(text: string): Json | undefined {
  try {
    return JSON.parse(text) as Json;
  } catch {
    return undefined; // the caller answers in Slack's words
  }
}

export function copy<T>(value: T): T {
  return structuredClone(value);
}
