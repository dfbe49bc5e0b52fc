/**
 * Changes the links of an HTML page as it passes: only start tags are looked at, everything else goes through byte for byte, and
 * no more than one tag is ever held. Each byte is looked at once, whatever the page is made of.
 */
import { Transform } from 'node:stream'

/** Attributes that hold one link, by element. Facts of HTML 4 and 5. */
const links: ReadonlyMap<string, ReadonlySet<string>> = new Map(
  Object.entries({
    a: 'href',
    applet: 'codebase',
    area: 'href',
    audio: 'src',
    base: 'href',
    blockquote: 'cite',
    body: 'background',
    button: 'formaction',
    command: 'icon',
    del: 'cite',
    embed: 'src',
    form: 'action',
    frame: 'longdesc src',
    head: 'profile',
    html: 'manifest',
    iframe: 'longdesc src',
    img: 'longdesc src usemap',
    input: 'src usemap formaction',
    ins: 'cite',
    link: 'href',
    object: 'classid codebase data usemap',
    q: 'cite',
    script: 'src',
    source: 'src',
    video: 'poster src',
  }).map(([tag, names]) => [tag, new Set(names.split(' '))]),
)

/** Elements whose content is text, whatever it looks like. */
const opaque = new Set(['iframe', 'noembed', 'noframes', 'plaintext', 'script', 'style', 'textarea', 'title', 'xmp'])

/** Characters of a tag that are held; a longer one passes as it is. */
const longestTag = 64 * 1024

const isSpace = (letter: string | undefined): boolean =>
  letter === ' ' || letter === '\n' || letter === '\t' || letter === '\r' || letter === '\f'
const isLetter = (letter: string): boolean => (letter >= 'a' && letter <= 'z') || (letter >= 'A' && letter <= 'Z')

const escapes: Readonly<Record<string, string>> = { '"': '&#34;', "'": '&#39;', '<': '&lt;', '>': '&gt;' }
const escaped = (text: string): string => text.replaceAll(/["'<>]/g, letter => escapes[letter] ?? letter)

/** The end of what begins at a place and goes on as long as it may. */
function after(text: string, at: number, goes: (letter: string) => boolean): number {
  let end = at
  while (end < text.length && goes(text[end] ?? '')) end++
  return end
}

const ofName = (letter: string): boolean => !isSpace(letter) && letter !== '=' && letter !== '/' && letter !== '>'
const ofBare = (letter: string): boolean => !isSpace(letter) && letter !== '>'

export const nameOf = (tag: string): string =>
  tag
    .slice(
      1,
      after(tag, 1, letter => !isSpace(letter) && letter !== '/' && letter !== '>'),
    )
    .toLowerCase()

/** A value's begin and end, without its quotes. */
function valueAt(tag: string, at: number): readonly [begin: number, end: number, next: number] {
  const quote = tag[at]
  if (quote !== '"' && quote !== "'") {
    const end = after(tag, at, ofBare)
    return [at, end, end]
  }
  const end = after(tag, at + 1, letter => letter !== quote)
  return [at + 1, end, end + 1]
}

/** @param tag from its `<` to its `>` */
export function tagWith(tag: string, change: (link: string) => string): string {
  const wanted = links.get(nameOf(tag))
  if (wanted === undefined) return tag
  let made = ''
  let kept = 0
  for (let at = 1 + nameOf(tag).length; at < tag.length;) {
    const begin = after(tag, at, letter => isSpace(letter) || letter === '/')
    const end = Math.max(after(tag, begin, ofName), begin + 1)
    const equals = after(tag, end, isSpace)
    if (tag[equals] !== '=') {
      at = end
      continue
    }
    const [from, to, next] = valueAt(tag, after(tag, equals + 1, isSpace))
    if (wanted.has(tag.slice(begin, end).toLowerCase())) {
      const link = tag.slice(from, to)
      const changed = change(link)
      made += tag.slice(kept, from) + (changed === link ? link : escaped(changed))
      kept = to
    }
    at = next
  }
  return made + tag.slice(kept)
}

type State = 'text' | 'open' | 'tag' | 'skip' | 'bang' | 'comment' | 'opaque'

export class Relinking {
  readonly #change: (link: string) => string
  #state: State = 'text'
  /** The tag so far. */
  #tag = ''
  /** Inside a quoted value: its quote. */
  #quote = ''
  /** What came last, as far as the state wants to know. */
  #last = ''
  /** What ends an opaque element. */
  #end = ''

  constructor(change: (link: string) => string) {
    this.#change = change
  }

  /** @param text one character a byte. @returns what can be passed on. */
  take(text: string): string {
    let out = ''
    for (let at = 0; at < text.length;) {
      if (this.#state === 'text') {
        const open = text.indexOf('<', at)
        const end = open < 0 ? text.length : open
        out += text.slice(at, end)
        at = end + 1
        if (open >= 0) this.#begin()
        continue
      }
      out += this.#letter(text[at] ?? '')
      at++
    }
    return out
  }

  /** What was held when the page ends. */
  rest(): string {
    const held = this.#tag
    this.#tag = ''
    return held
  }

  #begin(): void {
    this.#state = 'open'
    this.#tag = '<'
  }

  #pass(state: State): string {
    this.#state = state
    this.#last = ''
    return this.rest()
  }

  #letter(letter: string): string {
    switch (this.#state) {
      case 'open':
        return this.#opened(letter)
      case 'tag':
        return this.#inTag(letter)
      case 'skip':
        if (letter === '>') this.#state = 'text'
        return letter
      case 'bang':
        return this.#afterBang(letter)
      case 'comment':
        this.#last = (this.#last + letter).slice(-3)
        if (this.#last === '-->') this.#state = 'text'
        return letter
      default:
        return this.#inOpaque(letter)
    }
  }

  #opened(letter: string): string {
    if (isLetter(letter)) {
      this.#state = 'tag'
      this.#tag += letter
      this.#last = ''
      return ''
    }
    if (letter === '<') {
      const out = this.rest()
      this.#begin()
      return out
    }
    return this.#pass(letter === '!' ? 'bang' : letter === '/' || letter === '?' ? 'skip' : 'text') + letter
  }

  #afterBang(letter: string): string {
    this.#last += letter
    if (this.#last === '--') {
      this.#state = 'comment'
      this.#last = ''
    } else if (this.#last !== '-') this.#state = letter === '>' ? 'text' : 'skip'
    return letter
  }

  #inTag(letter: string): string {
    this.#tag += letter
    if (this.#tag.length > longestTag) return this.#pass('skip')
    if (this.#quote !== '') {
      if (letter === this.#quote) this.#quote = ''
    } else if (letter === '>') return this.#closed()
    else if ((letter === '"' || letter === "'") && this.#last === '=') this.#quote = letter
    if (!isSpace(letter)) this.#last = letter
    return ''
  }

  #closed(): string {
    const name = nameOf(this.#tag)
    const out = tagWith(this.rest(), this.#change)
    this.#end = `</${name}`
    this.#last = ''
    this.#state = opaque.has(name) ? 'opaque' : 'text'
    return out
  }

  #inOpaque(letter: string): string {
    const next = this.#last + letter.toLowerCase()
    this.#last = this.#end.startsWith(next) ? next : letter === '<' ? '<' : ''
    if (this.#last === this.#end) this.#state = 'skip'
    return letter
  }
}

/** Of bytes in any encoding that has ASCII in it. */
export function relinking(change: (link: string) => string): Transform {
  const page = new Relinking(change)
  return new Transform({
    transform: (part: Buffer, _, done) => done(null, Buffer.from(page.take(part.toString('latin1')), 'latin1')),
    flush: done => done(null, Buffer.from(page.rest(), 'latin1')),
  })
}
