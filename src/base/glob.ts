// Shell globs over plain text, as Argo CD's lists and policies use them (the semantics of gobwas/glob).

export interface GlobOptions {
  /** Characters that `*` and `?` do not cross; `**` crosses everything. Default: none. */
  separators?: string;
}

const special = /[.+^$()|{}[\]\\/]/g;

/** True if the whole text matches: `*`, `**`, `?`, `[a-z]`, `[!a]`, `{one,two}`, `\` before a literal. A pattern that is not well formed matches only itself. */
export function globMatch(pattern: string, text: string, options: GlobOptions = {}): boolean {
  if (!/[*?[{\\]/.test(pattern)) return pattern === text;
  const expression = globExpression(pattern, options.separators ?? '');
  return expression ? expression.test(text) : pattern === text;
}

function globExpression(pattern: string, separators: string): RegExp | undefined {
  const inner = separators.replace(/[\]\\^-]/g, '\\$&');
  const one = separators ? `[^${inner}]` : '[\\s\\S]';
  let source = '';
  let depth = 0;
  for (let at = 0; at < pattern.length; at++) {
    const char = pattern.charAt(at);
    if (char === '*') {
      if (pattern.charAt(at + 1) === '*') {
        source += '[\\s\\S]*';
        at++;
      } else source += `${one}*`;
    } else if (char === '?') source += one;
    else if (char === '\\') source += pattern.charAt(++at).replace(special, '\\$&');
    else if (char === '{') {
      depth++;
      source += '(?:';
    } else if (char === '}' && depth > 0) {
      depth--;
      source += ')';
    } else if (char === ',' && depth > 0) source += '|';
    else if (char === '[') {
      const end = pattern.indexOf(']', at + 2);
      if (end < 0) return undefined;
      const negated = pattern.charAt(at + 1) === '!' || pattern.charAt(at + 1) === '^';
      const members = pattern.slice(at + (negated ? 2 : 1), end).replace(/[\\\]^]/g, '\\$&');
      source += `[${negated ? '^' : ''}${members}]`;
      at = end;
    } else source += char.replace(special, '\\$&');
  }
  if (depth > 0) return undefined;
  try {
    return new RegExp(`^${source}$`, 'u');
  } catch {
    return undefined; // an empty or reversed range: not a pattern
  }
}
