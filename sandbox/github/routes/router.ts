// Routes: how a request finds its handler, what a handler gets, and how it refuses.
import type { Caller } from '../tokens.ts';
import type { Site } from '../site.ts';
import type { Actor, Repository } from '../world.ts';
import { Failure } from '../failure.ts';

export interface Call {
  site: Site;
  caller: Caller;
  /** Of the request, absolute. */
  url: string;
  /** Path parameters by name. */
  path: Record<string, string>;
  query: Record<string, string>;
  /** The JSON body; {} without one. */
  body: Record<string, unknown>;
  repository(): Repository;
  actor(): Actor;
}

export interface Reply {
  status: number;
  body?: unknown;
  headers?: Record<string, string>;
}

export interface Route {
  /** `GET /repos/{owner}/{repo}`, as in the published description. */
  route: string;
  /** `checks:write`; `jwt` for routes of the App itself; null for any token. */
  needs: string | null;
  handle: (call: Call) => Promise<Reply> | Reply;
}

export interface Match {
  route: Route;
  path: Record<string, string>;
}

// These parameters may contain slashes; clients send them raw or encoded.
const greedy = new Set(['ref', 'path', 'basehead', 'environment_name']);

function pattern(template: string): RegExp {
  const parts = template.split('/').map((part, at, all) => {
    const name = /^\{(\w+)\}$/.exec(part)?.[1];
    if (name === undefined) return part.replaceAll(/[.*+?^${}()|[\]\\]/g, '\\$&');
    return greedy.has(name) && at === all.length - 1 ? `(?<${name}>.+)` : `(?<${name}>[^/]+)`;
  });
  return new RegExp(`^${parts.join('/')}$`);
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    throw new Failure(400, 'Problems parsing the path');
  }
}

/** A function that finds the route of a method and path; templates with fewer parameters win. */
export function createRouter(routes: readonly Route[]): (method: string, path: string) => Match | null {
  const table = routes
    .map((route) => {
      const [method = '', template = ''] = route.route.split(' ');
      return { method, regex: pattern(template), route, parameters: template.split('{').length };
    })
    .sort((a, b) => b.route.route.split('/').length - a.route.route.split('/').length || a.parameters - b.parameters);
  return (method, path) => {
    for (const entry of table) {
      if (entry.method !== method) continue;
      const groups = entry.regex.exec(path)?.groups;
      if (!groups && !entry.regex.test(path)) continue;
      const values = Object.entries(groups ?? {}).map(([name, text]) => [name, decode(text)] as const);
      return { route: entry.route, path: Object.fromEntries(values) };
    }
    return null;
  };
}

export function text(value: unknown): string | undefined {
  return typeof value === 'string' ? value : undefined;
}

/** A path parameter that must be a number; otherwise 404, as GitHub answers. */
export function numberIn(call: Call, name: string): number {
  const value = Number(call.path[name]);
  if (!Number.isSafeInteger(value)) throw new Failure(404, 'Not Found');
  return value;
}

/** The page of `items` that was asked for, with GitHub's Link header; at most 100 a page, 30 by default. */
export async function paged<T>(
  call: Call,
  items: readonly T[],
  show: (item: T) => unknown,
): Promise<Reply & { body: unknown[] }> {
  const size = Math.min(Math.max(Number(call.query['per_page']) || 30, 1), 100);
  const page = Math.max(Number(call.query['page']) || 1, 1);
  const last = Math.max(Math.ceil(items.length / size), 1);
  const links: string[] = [];
  const link = (to: number, rel: string): void => {
    const url = new URL(call.url);
    url.searchParams.set('page', String(to));
    links.push(`<${url.href}>; rel="${rel}"`);
  };
  if (page > 1) link(page - 1, 'prev');
  if (page < last) link(page + 1, 'next');
  if (page < last) link(last, 'last');
  if (page > 1) link(1, 'first');
  const body = await Promise.all(items.slice((page - 1) * size, page * size).map(show));
  return { status: 200, body, headers: links.length > 0 ? { link: links.join(', ') } : {} };
}
