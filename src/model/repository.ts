// When two addresses name one repository.

/**
 * Repository URLs as Argo CD compares them: lower case, without `.git`, the ssh forms alike. Beyond Argo CD, nobody's name or password
 * in them counts: else a rule that denies a repository would miss it.
 */
export function normaliseRepo(url: string): string {
  const text = url.trim().toLowerCase().replace(/\/+$/, '').replace(/\.git$/, '');
  if (/^[a-z]+:\/\//.test(text)) return text.replace(/^([a-z]+:\/\/)[^@/]+@/, '$1');
  const [, host, path] = /^(?:[^@/]+@)?([^:/]+):\/*(.+)$/.exec(text) ?? [];
  return host === undefined || path === undefined ? text : `ssh://${host}/${path}`;
}
