// What may be a version constraint, such as `1.x` and `>=1.0 <2`: whether it is one, and what it means, says the
// library that Argo CD uses.

const sign = /[~^<>=!*|,\s]|(?:^|[v.])[xX](?:$|[.-])/;
/** The longest text that is tried. */
const longest = 256;

/**
 * Has what a constraint that is no version has somewhere: an operator, a wildcard, a blank or a comma. Most names of
 * branches have none.
 */
export function maybeConstraint(text: string): boolean {
  return text.length <= longest && sign.test(text);
}
