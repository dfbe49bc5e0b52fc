/**
 * Keys sort by their UTF-8 bytes, JavaScript compares UTF-16 units. The two differ only where a surrogate meets a unit
 * above it, so such keys are shifted once and native comparison does the rest.
 */
const high = /[\ud800-\uffff]/

const shift = (unit: number): number => (unit < 0xd800 ? unit : unit < 0xe000 ? unit + 0x2000 : unit - 0x800)

/** A form of the key whose native order is the order of the key's UTF-8 bytes; prefixes stay prefixes. */
export function sortable(key: string): string {
  if (!high.test(key)) return key
  let out = ''
  for (let i = 0; i < key.length; i++) out += String.fromCharCode(shift(key.charCodeAt(i)))
  return out
}

/** Greater than every sortable form that begins with `prefix`: no character of well-formed text shifts to this unit first. */
export const pastPrefix = (prefix: string): string => `${prefix}\uffff`
