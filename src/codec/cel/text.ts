/** Texts by code points, which is what the language counts. */

export const codePoints = (text: string): string[] => Array.from(text)

/** How many code points a text has, without making them. */
export function characters(text: string): number {
  let count = text.length
  for (let index = 0; index < text.length; index++) if ((text.charCodeAt(index) & 0xfc00) === 0xdc00) count--
  return count
}
