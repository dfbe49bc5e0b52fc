/** Names of a definition, and who may use the groups of the Kubernetes project. */
import { dns1035Label } from '#api/names.ts'
import type { CustomResourceDefinitionNames as Names } from '#kinds/facts/generated/types/apiextensions_v1.ts'
import type { Place } from '../place.ts'

const mixed = 'may have mixed case, but should otherwise match: '

export function requireNames(place: Place, names: Names): void {
  for (const field of ['plural', 'singular', 'kind', 'listKind'] as const)
    if ((names[field] ?? '') === '') place.at(field).required()
}

export function checkNames(place: Place, names: Names): void {
  for (const field of ['plural', 'singular', 'kind', 'listKind'] as const) {
    const name = names[field] ?? ''
    const cased = field === 'kind' || field === 'listKind'
    const problems = name === '' ? [] : dns1035Label(cased ? name.toLowerCase() : name)
    if (problems.length > 0) place.at(field).invalid(name, (cased ? mixed : '') + problems.join(','))
  }
  place.at('shortNames').each(names.shortNames, checkLabel)
  if (names.kind !== '' && names.kind === names.listKind)
    place.at('listKind').invalid(names.listKind, 'kind and listKind may not be the same')
  place.at('categories').each(names.categories, checkLabel)
}

function checkLabel(name: string, at: Place): void {
  const problems = dns1035Label(name)
  if (problems.length > 0) at.invalid(name, problems.join(','))
}

export const approvalAnnotation = 'api-approved.kubernetes.io'

export const isProtected = (group: string): boolean => /(^|\.)(k8s|kubernetes)\.io$/.test(group)

export interface Approval {
  readonly state: 'missing' | 'bypassed' | 'approved' | 'invalid'
  readonly reason: string
}

const hint = 'see https://github.com/kubernetes/enhancements/pull/1111'
const needed = `protected groups must have approval annotation "${approvalAnnotation}"`

export function approvalOf(annotations: Readonly<Record<string, string>> | undefined): Approval {
  const text =
    annotations !== undefined && Object.hasOwn(annotations, approvalAnnotation)
      ? (annotations[approvalAnnotation] ?? '')
      : ''
  if (text === '') return { state: 'missing', reason: `${needed}, ${hint}` }
  if (text.startsWith('unapproved')) return { state: 'bypassed', reason: `not approved: ${JSON.stringify(text)}` }
  if (/^[a-zA-Z][a-zA-Z0-9+.-]*:\/\/[^/\s]+/.test(text)) return { state: 'approved', reason: `approved in ${text}` }
  return { state: 'invalid', reason: `${needed} with either a URL or a reason starting with "unapproved", ${hint}` }
}
