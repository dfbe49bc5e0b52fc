import { age, name } from '../columns.ts'
import { defineKind } from '../define.ts'
import { serviceAccounts } from '#kinds/facts/generated/refs.ts'

export const ServiceAccount = defineKind(serviceAccounts, {
  shortNames: ['sa'],
  unconditionalUpdate: true,
  subresources: [
    { name: 'token', kind: 'TokenRequest', group: 'authentication.k8s.io', version: 'v1', verbs: ['create'] },
  ],
  returnsDeleted: true,
  columns: [name, age],
})
