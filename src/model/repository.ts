// When two addresses name one repository.

/**
 * Repository URLs as Argo CD compares them: lower case, without `.git`, the ssh forms alike. Beyond Argo CD, nobody's
 * name or password in them counts: else a rule that denies a repository would miss it.
 */
export function normaliseRepo(url: string): string {
  const parts = url.trim().toLowerCase().split('/');
  while (parts.length > 1 && parts.at(-1) === '') parts.pop();
  const text = parts.join('/').replace(/\.git$/, '');
  if (/^[a-z]+:\/\//.test(text)) return text.replace(/^([a-z]+:\/\/)[^@/?#\\]+@/, '$1');
  const [, host, rest = ''] = /^(?:[^@/]+@)?([^:/]+):(.*)$/s.exec(text) ?? [];
  const begins = rest.search(/[^/]/);
  return host === undefined || begins < 0 ? text : `ssh://${host}/${rest.slice(begins)}`;
}

/** Whether credentials for the one may be shown to the server of the other: the same transport, host and port. */
export function isSameServer(a: string, b: string): boolean {
  if (!namesOneServer(a) || !namesOneServer(b)) return false;
  const [one, other] = [a, b].map((url) => serverOf(url));
  return one !== undefined && one === other;
}

/** As a program reads it that connects there; short ssh addresses have no scheme. */
function serverOf(url: string): string | undefined {
  const full = url.includes('://') ? url : normaliseRepo(url);
  if (!URL.canParse(full)) return undefined;
  const { protocol, host } = new URL(full);
  return host === '' ? undefined : `${protocol}//${host.toLowerCase()}`;
}

/**
 * Whether all programs take the same part of it for the server: they do not agree on where that ends, nor on which of
 * two names stands before it, so what is checked would not be what is asked.
 */
export function namesOneServer(url: string): boolean {
  const authority = /^[a-z][a-z0-9+.-]*:\/\/([^/]*)/i.exec(url)?.[1];
  if (authority === undefined || authority === '') return !/^https?:/i.test(url);
  return !/[?#\\\s\p{Cc}]/u.test(authority) && authority.split('@').length <= 2;
}

/**
 * Whether it is the address of a repository of Git and nothing else: no query or fragment, no step upwards, nothing
 * encoded that needs no encoding, behind which a rule for that address would miss it.
 */
export function isRepositoryAddress(url: string): boolean {
  if (!namesOneServer(url) || /[?#\\\s\p{Cc}]/u.test(url)) return false;
  const path = url.replace(/^[a-z][a-z0-9+.-]*:\/\/(?:[^@/]*@)?/i, '');
  return !/%(?:2[def]|3[0-9]|[46][1-9a-f]|[57][0-9a]|5f|7e)/i.test(path) && !/(?:^|\/)\.\.?(?:\/|$)/.test(path);
}
