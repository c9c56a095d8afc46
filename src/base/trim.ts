// Cuts off an end that repeats one character. A pattern such as /x+$/ looks for its end from every place where it could
// begin.

/** The text without any `char` at its end. */
export function withoutTrailing(text: string, char: string): string {
  let end = text.length;
  while (end > 0 && text[end - 1] === char) end -= 1;
  return text.slice(0, end);
}
