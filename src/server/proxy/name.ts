/** Names as proxies take them: `NAME`, `NAME:PORT`, `SCHEME:NAME:PORT`, each part but the name possibly empty. */

export interface ProxyName {
  readonly scheme: 'http' | 'https' | ''
  readonly name: string
  readonly port: string
}

/** @returns undefined for what is none. */
export function proxyName(text: string): ProxyName | undefined {
  const parts = text.split(':')
  const [scheme = '', name = '', port = ''] = parts.length === 3 ? parts : ['', ...parts]
  if (parts.length > 3 || name === '') return undefined
  return scheme === '' || scheme === 'http' || scheme === 'https' ? { scheme, name, port } : undefined
}
