/** A text as one word of a POSIX shell, whatever it holds. */
export function quoted(text: string): string {
  return `'${text.replaceAll("'", String.raw`'\''`)}'`;
}

/** The line that sends a request once more from a terminal. */
export function asCurl(url: string, headers: Record<string, string>, body: string | null): string {
  return [
    `curl ${quoted(url)}`,
    // `;` in the place of a value: curl leaves a header out whose value is empty.
    ...Object.entries(headers).map(([name, value]) => `--header ${quoted(value === '' ? `${name};` : `${name}: ${value}`)}`),
    // A body that begins with @ is not the name of a file.
    body === null ? '--request POST' : `--data-raw ${quoted(body)}`,
  ].join(' \\\n  ');
}
