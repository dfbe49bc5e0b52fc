/** Which etcd can be relied upon for what. */
import type { Peer } from './client.ts'

const timeoutMs = 5000

/**
 * Before 3.4.31 and 3.5.13 an answer about progress could overtake events. Where the version is not told, it is taken for an
 * old one.
 */
export function soundProgress(version: string): boolean {
  const [major = 0, minor = 0, patch = 0] = version.split('-')[0]?.split('.').map(Number) ?? []
  if (major !== 3) return major > 3
  return minor > 5 || (minor === 5 && patch >= 13) || (minor === 4 && patch >= 31)
}

export async function progressIsSound(peer: Peer): Promise<boolean> {
  const { version } = await peer.maintenance.status({}, { timeoutMs }).catch(() => ({ version: '' }))
  return soundProgress(version)
}
