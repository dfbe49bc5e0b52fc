import { dns1123Label } from '#api/names.ts'
import type { Draft } from '#api/metadata.ts'
import type { WriteContext } from '#api/kind.ts'
import { age, name, text } from '../columns.ts'
import { defineKind } from '../define.ts'
import { validateNamespace } from './validate.ts'
import { namespaces } from '#kinds/facts/generated/refs.ts'
import type { Namespace as Object } from '#kinds/facts/generated/types/core_v1.ts'

/** Held by the namespace controller until everything in the namespace is gone. */
const finalizer = 'kubernetes'

function prepare(namespace: Draft<Object>, { old, subresource }: WriteContext<Object>): void {
  if (old === undefined) {
    const others = namespace.spec?.finalizers ?? []
    namespace.status = { phase: 'Active' }
    namespace.spec = { ...namespace.spec, finalizers: others.includes(finalizer) ? others : [...others, finalizer] }
  } else if (subresource !== 'finalize')
    namespace.spec = { ...globalThis.structuredClone(old.spec) } as Draft<Object>['spec']
}

export const Namespace = defineKind(namespaces, {
  validName: dns1123Label,
  shortNames: ['ns'],
  status: true,
  unconditionalUpdate: true,
  subresources: [{ name: 'finalize', kind: 'Namespace', verbs: ['update'] }],
  selectableFields: {
    'status.phase': namespace => namespace.status?.phase ?? '',
    name: namespace => namespace.metadata.name ?? '',
  },
  defaults: namespace => {
    const { metadata } = namespace
    if (metadata.name) metadata.labels = { ...metadata.labels, 'kubernetes.io/metadata.name': metadata.name }
    namespace.status = { ...namespace.status, phase: namespace.status?.phase || 'Active' }
    namespace.spec ??= {}
  },
  prepare,
  held: namespace => (namespace.spec?.finalizers?.length ?? 0) > 0,
  terminating: namespace => {
    namespace.status = { ...namespace.status, phase: 'Terminating' }
  },
  returnsDeleted: true,
  validate: validateNamespace,
  columns: [name, text('Status', namespace => namespace.status?.phase ?? ''), age],
})
