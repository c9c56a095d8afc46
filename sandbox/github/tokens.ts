// Who asks: App tokens (JWT), installation tokens, and the tokens of persons.
import type { Actor, Installation, Repository, Token, World } from './world.ts';
import { createVerify, randomBytes } from 'node:crypto';
import { Failure } from './failure.ts';
import { findRepository } from './world.ts';
import { installationOf } from './installation.ts';

/** An App by its JWT, an App's installation, a person, or nobody. */
export type Caller =
  { kind: 'app' } | { kind: 'installation'; token: Token } | { kind: 'person'; actor: Actor } | { kind: 'nobody' };

const badCredentials = (): Failure => new Failure(401, 'Bad credentials');

/** Throws 401 for a token that is unknown, expired or badly signed. */
export function callerOf(world: World, authorization: string | undefined): Caller {
  if (authorization === undefined) return { kind: 'nobody' };
  const [scheme = '', value = ''] = authorization.split(' ');
  if (scheme.toLowerCase() === 'basic') {
    const password = Buffer.from(value, 'base64').toString('utf8').split(':').slice(1).join(':');
    return callerOfToken(world, password);
  }
  return value.split('.').length === 3 ? appOf(world, value) : callerOfToken(world, value);
}

function callerOfToken(world: World, value: string): Caller {
  const token = world.tokens.get(value);
  if (token) {
    if (token.expiresAt <= Date.now()) throw badCredentials();
    return { kind: 'installation', token };
  }
  const account = [...world.accounts.values()].find((each) => each.token !== null && each.token === value);
  if (!account) throw badCredentials();
  return { kind: 'person', actor: { account, app: null } };
}

/**
 * GitHub's rules for an App's JWT: RS256 by the App's key, `iss` is the App, lives at most ten minutes, not from the
 * future.
 */
function appOf(world: World, jwt: string): Caller {
  const [head = '', payload = '', signature = ''] = jwt.split('.');
  const verified = createVerify('RSA-SHA256')
    .update(`${head}.${payload}`)
    .verify(world.app.publicKey, signature, 'base64url');
  if (!verified) throw new Failure(401, 'A JSON web token could not be decoded');
  const claims = JSON.parse(Buffer.from(payload, 'base64url').toString('utf8')) as {
    iss?: unknown;
    iat?: unknown;
    exp?: unknown;
  };
  const now = Date.now() / 1000;
  if (String(claims.iss) !== String(world.app.id)) throw new Failure(401, "'Issuer' claim ('iss') must be an Integer");
  const { iat, exp } = claims;
  if (typeof exp !== 'number' || exp <= now)
    throw new Failure(
      401,
      "'Expiration time' claim ('exp') must be a numeric value representing the future time at which the " +
        'assertion expires',
    );
  if (exp > now + 600 + 60) throw new Failure(401, "'Expiration time' claim ('exp') is too far in the future");
  if (typeof iat !== 'number' || iat > now + 5)
    throw new Failure(
      401,
      "'Issued at' claim ('iat') must be an Integer representing the time that the assertion was issued",
    );
  return { kind: 'app' };
}

/** What an access token request narrows. */
interface Narrowing {
  repositories: number[] | null;
  permissions: Record<string, string> | null;
}

/** An installation token for one hour. */
export function mintToken(world: World, installation: Installation, narrow: Narrowing): Token {
  const token: Token = {
    token: `ghs_${randomBytes(18).toString('hex')}`,
    installation,
    // GitHub: a token keeps the permissions that it was made with.
    permissions: { ...(narrow.permissions ?? world.app.permissions) },
    repositories: narrow.repositories,
    expiresAt: Date.now() + 3_600_000,
  };
  world.tokens.set(token.token, token);
  return token;
}

/** Ends every installation token now. */
export function expireTokens(world: World): void {
  for (const token of world.tokens.values()) token.expiresAt = 0;
}

/** Who acts; throws 401 when nobody does. */
export function actorOf(world: World, caller: Caller): Actor {
  if (caller.kind === 'person') return caller.actor;
  if (caller.kind === 'installation') return { account: world.app.bot, app: world.app };
  throw new Failure(401, 'Requires authentication');
}

/** Whether this caller may see the repository at all; GitHub hides the rest behind 404. */
export function mayRead(world: World, caller: Caller, repository: Repository): boolean {
  if (!repository.private) return true;
  if (caller.kind === 'person') return repository.roles.has(caller.actor.account.login.toLowerCase());
  if (caller.kind !== 'installation') return false;
  const { repositories, installation } = caller.token;
  return (
    installation === installationOf(world, repository) &&
    (repositories === null || repositories.includes(repository.id))
  );
}

/** The repository, or 404 when it does not exist or is not theirs to see. */
export function repositoryFor(world: World, caller: Caller, path: { owner: string; repo: string }): Repository {
  const found = findRepository(world, path.owner, path.repo);
  if (!found || !mayRead(world, caller, found)) throw new Failure(404, 'Not Found');
  return found;
}

const ranks: Record<string, number> = { read: 1, triage: 1, write: 2, maintain: 3, admin: 4 };

/** `need` is `checks:write`, or several of which one suffices, joined by `|`. Throws 403, or 401 for nobody. */
export function requirePermission(caller: Caller, need: string, repository: Repository | null): void {
  const needs = need
    .split('|')
    .map((each) => ({ name: each.split(':')[0] ?? '', level: each.split(':')[1] ?? 'read' }));
  const level = needs[0]?.level ?? 'read';
  if (caller.kind === 'installation') {
    const granted = (name: string): string => (name === 'metadata' ? 'read' : (caller.token.permissions[name] ?? ''));
    if (needs.some((each) => (ranks[granted(each.name)] ?? 0) >= (ranks[each.level] ?? 0))) return;
    const refused = new Failure(403, 'Resource not accessible by integration');
    // GitHub: "Troubleshooting the REST API": of sets that a semicolon parts, one suffices.
    refused.headers = { 'x-accepted-github-permissions': needs.map((each) => `${each.name}=${each.level}`).join('; ') };
    throw refused;
  }
  if (caller.kind === 'person') {
    // Writing a comment needs no more than reading the repository.
    if (level === 'read' || repository === null || needs[0]?.name === 'issues') return;
    const role = repository.roles.get(caller.actor.account.login.toLowerCase());
    if ((ranks[role ?? ''] ?? 0) < 2) throw new Failure(403, 'Must have push access to the repository.');
    return;
  }
  if (level !== 'read' || repository?.private !== false) throw new Failure(401, 'Requires authentication');
}
