// When two addresses name one repository.

/**
 * Repository URLs as Argo CD compares them: lower case, without `.git`, the ssh forms alike. Beyond Argo CD, nobody's
 * name or password in them counts: else a rule that denies a repository would miss it.
 */
export function normaliseRepo(url: string): string {
  const parts = url.trim().toLowerCase().split('/');
  while (parts.length > 1 && parts.at(-1) === '') parts.pop();
  const text = parts.join('/').replace(/\.git$/, '');
  if (/^[a-z]+:\/\//.test(text)) return text.replace(/^([a-z]+:\/\/)[^@/]+@/, '$1');
  const [, host, rest = ''] = /^(?:[^@/]+@)?([^:/]+):(.*)$/s.exec(text) ?? [];
  const begins = rest.search(/[^/]/);
  return host === undefined || begins < 0 ? text : `ssh://${host}/${rest.slice(begins)}`;
}

/** Whether credentials for the one may be shown to the server of the other: the same transport, host and port. */
export function isSameServer(a: string, b: string): boolean {
  const [one, other] = [a, b].map((url) => /^([a-z]+:\/\/)([^/]+)\//.exec(normaliseRepo(url)));
  return one !== null && one !== undefined && one[1] === other?.[1] && one[2] === other?.[2];
}
