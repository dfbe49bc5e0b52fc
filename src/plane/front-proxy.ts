/** What this server shows to those to whom it passes requests on: issued when it is first needed, and again before it is over. */
import type { Clock } from '#base/clock.ts'
import type { KeyPair } from '#pki/issue.ts'

/** Common name of all servers when they speak for users. */
export const frontProxyName = 'front-proxy-client'

const day = 24 * 3600 * 1000
const days = 90
/** Of which so many are left when it is renewed. */
const margin = 30

export function frontProxyIdentity(authority: () => KeyPair, clock: Clock): () => Promise<KeyPair> {
  let current: Promise<KeyPair> | undefined
  let until = 0
  let signer = authority()
  const make = async (now: number): Promise<KeyPair> => {
    const { issue } = await import('#pki/issue.ts')
    return issue(signer, { name: frontProxyName, use: 'client', days }, now)
  }
  return () => {
    const now = clock.now()
    if (current !== undefined && until - now > margin * day && signer === authority()) return current
    signer = authority()
    until = now + days * day
    const made = make(now)
    current = made
    made.catch(() => {
      if (current === made) current = undefined
    })
    return made
  }
}
