/** Inputs: the DER of a certificate request. */
import assert from 'node:assert/strict'
import { commonNamesOf, organizationsOf, signedRequestOf } from '#codec/csr.ts'
import { requestedNamesOf } from '#codec/csr-names.ts'
import { CsrError } from '#codec/der.ts'
import { refusable, same, type Target } from '../target.ts'

const hex = (text: string): Buffer => Buffer.from(text, 'hex')
const asText = (der: Buffer): string => {
  const pem = `-----BEGIN CERTIFICATE REQUEST-----\n${der.toString('base64')}\n-----END CERTIFICATE REQUEST-----\n`
  return Buffer.from(pem).toString('base64')
}

function run(input: Buffer): void {
  const request = asText(input)
  refusable(() => signedRequestOf(request), CsrError)
  const names = refusable(() => requestedNamesOf(request), CsrError)
  if (names === undefined) return
  // Who is judged is who is signed.
  same(names.commonNames, commonNamesOf(request), 'common names')
  same(names.organizations, organizationsOf(request), 'organizations')
  for (const { value } of names.alternatives) assert.match(value, /^[\x20-\x7e]*$/)
}

export const certificateRequests: Target = {
  name: 'certificate-requests',
  // Identifiers, and heads of items with lengths that lie.
  words: [
    '0603550403',
    '060355040a',
    '0603551d11',
    '06092a864886f70d01090e',
    '3080',
    '30848fffffff',
    '0500',
    'a000',
  ].map(hex),
  rounds: 8000,
  run,
}
