import { immutable, invalidValue, required } from '#api/validation.ts'
import { type BulwarkRevokedCertificate, revokedCertificates } from '#kinds/facts/bulwark.ts'
import { age, name, text } from '../columns.ts'
import { ownKind } from './define.ts'

const shape = /^[0-9A-Fa-f]{1,2}(:?[0-9A-Fa-f]{1,2}){0,31}$/

/** What was taken back stays so: to take it back again, the object is deleted. */
const same = (one: BulwarkRevokedCertificate, other: BulwarkRevokedCertificate): boolean =>
  one.spec?.serialNumber === other.spec?.serialNumber && one.spec?.issuer === other.spec?.issuer

/** Neither another nor one that is said later: with it this could be made to go while the certificate is still good. */
const sameEnd = (one: BulwarkRevokedCertificate, old: BulwarkRevokedCertificate): boolean =>
  one.spec?.notAfter === old.spec?.notAfter

export const RevokedCertificate = ownKind(revokedCertificates, {
  counted: true,
  validate: (object, { old }) => {
    const { serialNumber = '' } = object.spec ?? {}
    if (serialNumber === '') return [required('spec.serialNumber')]
    if (!shape.test(serialNumber))
      return [invalidValue('spec.serialNumber', serialNumber, 'must be up to 32 bytes in hexadecimal digits')]
    if (old === undefined) return []
    return [
      ...(same(object, old) ? [] : [immutable('spec.serialNumber', serialNumber)]),
      ...(sameEnd(object, old) ? [] : [immutable('spec.notAfter', object.spec?.notAfter ?? '')]),
    ]
  },
  columns: [
    name,
    text('Serial', ({ spec }) => spec?.serialNumber ?? ''),
    text('Issuer', ({ spec }) => spec?.issuer ?? '<any>'),
    text('Reason', ({ spec }) => spec?.reason ?? ''),
    age,
  ],
})
