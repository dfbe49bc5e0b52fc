/** Permissions that several controllers need. */
import type { Rule } from '#client/controller.ts'

export const rule = (group: string, resources: readonly string[], verbs: readonly string[]): Rule => ({
  apiGroups: [group],
  resources,
  verbs,
})

export const eventWriter: Rule = {
  apiGroups: ['', 'events.k8s.io'],
  resources: ['events'],
  verbs: ['create', 'patch', 'update'],
}

export const podWriter: readonly Rule[] = [
  rule('', ['pods'], ['create', 'delete', 'get', 'list', 'patch', 'watch']),
  eventWriter,
]

export const reading = ['get', 'list', 'watch'] as const
