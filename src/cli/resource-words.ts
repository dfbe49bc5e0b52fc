/** Resources as people call them. */
import { builtinKinds } from '#kinds/index.ts'

/** `deploy`, `deployments.apps`; what is no built-in kind is taken as it stands. */
export function resourceIn(text: string): {
  readonly resource: string
  /** Undefined where none was said. */
  readonly group: string | undefined
  /** The group of the built-in kind that is meant, where it is one. */
  readonly usual: string | undefined
} {
  const dot = text.indexOf('.')
  const [word, group] =
    dot < 0 ? [text.toLowerCase(), undefined] : [text.slice(0, dot).toLowerCase(), text.slice(dot + 1)]
  const kind = builtinKinds.find(
    one =>
      (group === undefined || one.group === group) &&
      (one.plural === word || one.singular === word || one.shortNames.includes(word)),
  )
  return { resource: kind?.plural ?? word, group, usual: kind?.group }
}
