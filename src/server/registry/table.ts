/** Objects as rows, the form that kubectl prints. */
import type { KObject } from '#api/metadata.ts'
import type { Column, Served } from '#api/kind.ts'
import { columnsOf } from '#api/served.ts'

export interface TableColumn {
  readonly name: string
  readonly type: string
  readonly format: string
  readonly description: string
  readonly priority: number
}

export type IncludeObject = 'None' | 'Metadata' | 'Object'

export const tableColumns = (served: Served): readonly TableColumn[] =>
  columnsOf(served).map(column => ({
    name: column.name,
    type: column.type,
    format: column.format ?? '',
    description: column.description ?? '',
    priority: column.priority ?? 0,
  }))

const cell = (column: Column, object: KObject, now: number): string | number | boolean | null => column.of(object, now)

export const partial = (object: KObject, kind = 'PartialObjectMetadata'): KObject => ({
  kind,
  apiVersion: 'meta.k8s.io/v1',
  metadata: object.metadata,
})

export interface TableRow {
  readonly cells: readonly (string | number | boolean | null)[]
  readonly object?: KObject
}

interface RowInput {
  readonly served: Served
  /** The hub's form: columns read it. */
  readonly object: KObject
  /** The form that is asked for, with managedFields. */
  readonly shown: () => KObject
  readonly include: IncludeObject
  readonly now: number
}

export function tableRow({ served, object, shown, include, now }: RowInput): TableRow {
  const cells = columnsOf(served).map(column => cell(column, object, now))
  if (include === 'None') return { cells }
  return { cells, object: include === 'Object' ? shown() : partial(shown()) }
}
