/** How tokens of others may be signed: never with a secret that two share. */
export const signingAlgorithms = [
  'RS256',
  'RS384',
  'RS512',
  'ES256',
  'ES384',
  'ES512',
  'PS256',
  'PS384',
  'PS512',
] as const
export type SigningAlgorithm = (typeof signingAlgorithms)[number]
