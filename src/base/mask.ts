/** Takes values out of texts that somebody else wrote: errors of engines, policies and runtimes that quote what they were given. */

/** What is shorter occurs in every other sentence, and is no secret that anybody could keep. */
const shortest = 4
export const mask = '<redacted>'

const escaped = (text: string): string => JSON.stringify(text).slice(1, -1)

/** As it is, decoded, and as either stands in JSON, once or twice over. */
function formsOf(value: string): readonly string[] {
  const decoded = /^[\w+/-]+=*$/.test(value) ? Buffer.from(value, 'base64').toString('utf8') : ''
  return [value, decoded].flatMap(text => [text, escaped(text), escaped(escaped(text))])
}

/** @param values in plain, or in base64 */
export function masking(values: Iterable<string>): (text: string) => string {
  const forms = [...new Set([...values].flatMap(formsOf))]
    .filter(form => form.length >= shortest)
    // A value that is part of another one must not break it up.
    .sort((a, b) => b.length - a.length)
  return text => {
    let left = text
    for (const form of forms) if (left.includes(form)) left = left.replaceAll(form, mask)
    return left
  }
}
