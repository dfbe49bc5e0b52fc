/** What a TLS socket speaks, in upstream's flags. */
import { cipherSuites, leastVersion } from '#base/tls.ts'
import { type Flag, flag } from './flag.ts'

/** The registered name, which Go's programs use: `TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256`. @throws Error for a suite of another family */
export function registeredName(suite: string): string {
  if (suite.startsWith('TLS_')) return suite
  const gcm = /^ECDHE-(ECDSA|RSA)-AES(128|256)-GCM-SHA(256|384)$/.exec(suite)
  if (gcm !== null) return `TLS_ECDHE_${gcm[1]}_WITH_AES_${gcm[2]}_GCM_SHA${gcm[3]}`
  const chacha = /^ECDHE-(ECDSA|RSA)-CHACHA20-POLY1305$/.exec(suite)
  if (chacha !== null) return `TLS_ECDHE_${chacha[1]}_WITH_CHACHA20_POLY1305_SHA256`
  throw new Error(`no registered name is known for ${suite}`)
}

export const tlsFlags = (): readonly Flag[] => [
  flag('tls-min-version', `Version${leastVersion.replace('TLSv', 'TLS').replace('.', '')}`),
  flag('tls-cipher-suites', cipherSuites.map(registeredName).join(',')),
]
