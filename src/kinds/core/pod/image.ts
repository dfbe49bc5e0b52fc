/** How an image is named decides when it is pulled. */

const component = /^[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*$/
const domain = /^[A-Za-z0-9.-]+(?::[0-9]+)?$|^\[[0-9a-fA-F:]+\](?::[0-9]+)?$/
const longest = 4096

const isDomain = (part: string): boolean => part.includes('.') || part.includes(':') || part === 'localhost'

/** A reference that cannot be read has no tag; its validation is not our task here. */
function tagOf(reference: string): string {
  if (reference === '' || reference.length > longest) return ''
  const digest = reference.indexOf('@')
  const named = digest < 0 ? reference : reference.slice(0, digest)
  const colon = named.indexOf(':', named.lastIndexOf('/') + 1)
  const path = (colon < 0 ? named : named.slice(0, colon)).split('/')
  const [first = ''] = path
  const hasDomain = path.length > 1 && isDomain(first)
  if (hasDomain && !domain.test(first)) return ''
  for (let at = hasDomain ? 1 : 0; at < path.length; at++) if (!component.test(path[at] ?? '')) return ''
  if (colon >= 0) return named.slice(colon + 1)
  return digest < 0 ? 'latest' : ''
}

/** What is under `latest` changes, so it is always asked for. */
export const pullPolicyOf = (reference: string | undefined): 'Always' | 'IfNotPresent' =>
  tagOf(reference ?? '') === 'latest' ? 'Always' : 'IfNotPresent'
