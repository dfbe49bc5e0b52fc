import { decisions } from '#kinds/facts/bulwark.ts'
import { age, name, text } from '../columns.ts'
import { ownKind } from './define.ts'

/** Answered from what the server remembers, never kept. */
export const Decision = ownKind(
  decisions,
  {
    selectableFields: {
      'spec.namespace': ({ spec }) => spec?.namespace ?? '',
      'spec.name': ({ spec }) => spec?.name ?? '',
      'spec.resource': ({ spec }) => spec?.resource ?? '',
      'spec.username': ({ spec }) => spec?.username ?? '',
    },
    columns: [
      name,
      text('User', ({ spec }) => spec?.username ?? ''),
      text('Verb', ({ spec }) => spec?.verb ?? ''),
      text('Resource', ({ spec }) => (spec?.resource === '' ? (spec.path ?? '') : (spec?.resource ?? ''))),
      text('Code', ({ status }) => String(status?.code ?? '')),
      text('By', ({ status }) => status?.by ?? ''),
      age,
    ],
  },
  ['get', 'list'],
)
