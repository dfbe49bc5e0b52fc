import { age, name, text } from '../columns.ts'
import { defineKind } from '../define.ts'
import { validateRevision } from './validate.ts'
import { controllerRevisions } from '#kinds/facts/generated/refs.ts'
import { controllerOf, type KObject } from '#api/metadata.ts'

function ownerOf(object: KObject): string {
  const owner = controllerOf(object)
  if (owner === undefined) return '<none>'
  const [group = '', version] = owner.apiVersion.split('/')
  return `${owner.kind}${version === undefined ? '' : `.${group}`}`.toLowerCase() + `/${owner.name}`
}

export const ControllerRevision = defineKind(controllerRevisions, {
  unconditionalUpdate: true,
  validate: validateRevision,
  columns: [name, text('Controller', ownerOf), text('Revision', revision => revision.revision), age],
})
