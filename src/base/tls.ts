/**
 * What every TLS socket of ours keeps to, in whichever direction: TLS 1.2 at the least, forward secrecy, and suites that
 * encrypt and authenticate in one (AEAD). A test holds every place that opens or listens to it.
 */

/** OpenSSL's names. */
export const cipherSuites = [
  'TLS_AES_128_GCM_SHA256',
  'TLS_AES_256_GCM_SHA384',
  'TLS_CHACHA20_POLY1305_SHA256',
  'ECDHE-ECDSA-AES128-GCM-SHA256',
  'ECDHE-RSA-AES128-GCM-SHA256',
  'ECDHE-ECDSA-AES256-GCM-SHA384',
  'ECDHE-RSA-AES256-GCM-SHA384',
  'ECDHE-ECDSA-CHACHA20-POLY1305',
  'ECDHE-RSA-CHACHA20-POLY1305',
] as const

export const leastVersion = 'TLSv1.2'

export const strictTls = { minVersion: leastVersion, ciphers: cipherSuites.join(':') } as const
