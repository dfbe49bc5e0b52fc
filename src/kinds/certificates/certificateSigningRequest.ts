import { age, duration, name, text } from '../columns.ts'
import { defineKind } from '../define.ts'
import { pathSegment } from '#api/names.ts'
import { dateConditions, keepJudgements } from './conditions.ts'
import { validateRequest } from './validate.ts'
import { owned } from '../fill.ts'
import { certificateSigningRequests } from '#kinds/facts/generated/refs.ts'
import type { CertificateSigningRequest as Object } from '#kinds/facts/generated/types/certificates_v1.ts'

function conditionOf({ status }: Object): string {
  const has = (type: string): boolean => (status?.conditions ?? []).some(one => one.type === type)
  const verdict = has('Denied') ? 'Denied' : has('Approved') ? 'Approved' : 'Pending'
  return `${verdict}${has('Failed') ? ',Failed' : ''}${status?.certificate ? ',Issued' : ''}`
}

export const CertificateSigningRequest = defineKind(certificateSigningRequests, {
  shortNames: ['csr'],
  status: true,
  unconditionalUpdate: true,
  subresources: [{ name: 'approval', kind: 'CertificateSigningRequest', verbs: ['get', 'patch', 'update'] }],
  selectableFields: { 'spec.signerName': request => request.spec.signerName },
  defaults: request => {
    request.status ??= {}
  },
  prepare: (request, context) => {
    const { old, user, subresource } = context
    if (old !== undefined) {
      if (subresource === '') request.spec = owned(old.spec)
      else {
        if (subresource === 'status') keepJudgements(request, old)
        dateConditions(request, context)
      }
      return
    }
    const { username: _name, uid: _uid, groups: _groups, extra: _extra, ...spec } = request.spec
    request.spec = {
      ...spec,
      username: user.name,
      groups: [...user.groups],
      ...(user.uid ? { uid: user.uid } : {}),
      // Rights may depend on it: who judges asks for whom it was.
      ...(Object.keys(user.extra ?? {}).length > 0 ? { extra: owned(user.extra ?? {}) } : {}),
    }
    request.status = {}
  },
  validate: validateRequest,
  validName: pathSegment,
  columns: [
    name,
    age,
    text('SignerName', request => request.spec.signerName || '<none>'),
    text('Requestor', request => request.spec.username ?? ''),
    text('RequestedDuration', ({ spec: { expirationSeconds } }) =>
      expirationSeconds === undefined ? '<none>' : duration(expirationSeconds * 1000),
    ),
    text('Condition', conditionOf),
  ],
})
