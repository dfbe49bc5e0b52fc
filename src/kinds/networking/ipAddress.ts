import { age, name, text } from '../columns.ts'
import { defineKind } from '../define.ts'
import { validateIPAddress } from './addressing.ts'
import { addressProblems } from '../addresses.ts'
import { ipAddresses } from '#kinds/facts/generated/refs.ts'
import type { IPAddress as Object } from '#kinds/facts/generated/types/networking_v1.ts'

function parentOf({ spec: { parentRef } }: Object): string {
  if (parentRef === undefined) return '<none>'
  const resource = `${parentRef.resource}${parentRef.group ? `.${parentRef.group}` : ''}`.toLowerCase()
  return `${resource}${parentRef.namespace ? `/${parentRef.namespace}` : ''}/${parentRef.name}`
}

export const IPAddress = defineKind(ipAddresses, {
  shortNames: ['ip'],
  unconditionalUpdate: true,
  validName: addressProblems,
  validate: validateIPAddress,
  columns: [name, text('ParentRef', object => parentOf(object)), age],
})
