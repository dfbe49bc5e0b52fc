/** Where links of a proxied answer lead: what is meant to be on the same host stays below the proxy. */

export interface Linked {
  /** Path of the proxy, without a slash at its end. */
  readonly prefix: string
  /** `host` or `host:port` as the other side was called, and as the client called us. */
  readonly hosts: ReadonlySet<string>
  /** The latter of the two. */
  readonly own: string
}

const parts = /^(?:([a-z][a-z0-9+.-]*):)?(?:\/\/([^/?#]*))?([^?#]*)/i

/** Another host's links and relative ones are left as they are. */
export function relinked(link: string, { prefix, hosts, own }: Linked): string {
  const [all = '', scheme = '', host = '', path = ''] = parts.exec(link) ?? []
  if (!path.startsWith('/') || (host !== '' && !hosts.has(host))) return link
  const rest = `${path.startsWith(prefix) ? '' : prefix}${path}${link.slice(all.length)}`
  // The client's own name for us may stand; the other side's leads nowhere from where the client is.
  return host !== '' && host === own ? `${scheme === '' ? '' : `${scheme}:`}//${host}${rest}` : rest
}
