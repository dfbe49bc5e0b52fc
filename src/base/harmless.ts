/** What JSON leaves as it is and a terminal does not: C1 controls, line separators, marks that turn the direction of text. */
const unsafe = /[\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff]/
const allUnsafe = new RegExp(unsafe, 'g')

/** JSON that means the same and moves no cursor: escaped where it stands, which is always inside of a string. */
export const harmless = (json: string): string =>
  unsafe.test(json) ? json.replace(allUnsafe, char => `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`) : json
