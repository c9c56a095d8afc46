// What `.gitmodules` says of other repositories within one (git: gitmodules(5)).

/** Addresses as they are written, by path. */
export function modulesIn(text: string): ReadonlyMap<string, string> {
  const found = new Map<string, string>();
  let section: { path?: string; url?: string } = {};
  for (const line of text.split('\n')) {
    if (line.trimStart().startsWith('[')) section = {};
    const equals = line.indexOf('=');
    const name = line.slice(0, Math.max(equals, 0)).trim();
    if (name !== 'path' && name !== 'url') continue;
    section[name] = line
      .slice(equals + 1)
      .trim()
      .replace(/^"(.*)"$/, '$1');
    if (section.path && section.url) found.set(section.path, section.url);
  }
  return found;
}

/** `./` and `../` count from the address of the repository that it stands in (git: git-submodule(1)). */
export function moduleUrl(parent: string, written: string): string {
  if (!/^\.\.?\//.test(written)) return written;
  let base = parent;
  while (base.endsWith('/')) base = base.slice(0, -1);
  let rest = written;
  for (let step = /^(\.\.?)\/+/.exec(rest); step; step = /^(\.\.?)\/+/.exec(rest)) {
    rest = rest.slice(step[0].length);
    if (step[1] === '..') base = /^(.*)[/:]/s.exec(base)?.[1] ?? '';
  }
  const joint = base === '' || /[:/]/.test(base) ? '/' : ':'; // `git@host:path` has no slash before its path
  return `${base}${joint}${rest}`;
}
