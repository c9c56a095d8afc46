// Whether changed paths concern somebody who reads certain files and folders.

/** The paths of a source that count: what was read there, and its folder, where anything may appear. One that only lends files has no folder. */
export function readOf(source: { path?: string; ref?: string }, inputs: readonly string[] = []): readonly string[] {
  return source.path === undefined && source.ref !== undefined ? inputs : [source.path ?? '', ...inputs];
}

/** `inputs`: files and folders from the root; '' or '.' is everything. A changed path above an input is a link, or a file that became a folder. */
export function touches(changed: readonly string[], inputs: readonly string[]): boolean {
  return changed.some((path) => inputs.some((input) => input === '' || input === '.' || path === input || path.startsWith(`${input}/`) || input.startsWith(`${path}/`)));
}
