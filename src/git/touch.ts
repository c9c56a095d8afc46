// Whether changed paths concern somebody who reads certain files and folders.

/** `inputs`: files and folders from the root; '' or '.' is everything. */
export function touches(changed: readonly string[], inputs: readonly string[]): boolean {
  return changed.some((path) => inputs.some((input) => input === '' || input === '.' || path === input || path.startsWith(`${input}/`)));
}
