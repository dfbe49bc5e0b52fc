/** Lists as tables: what the API shows of objects, without what is in them. */
import type { KObject } from '#api/metadata.ts'

/** What a list shows of an object. */
export interface Row extends KObject {
  /** As `kubectl get` prints it. */
  readonly cells: readonly unknown[]
}

/** To be asked for in `Accept`. */
export const tableForm = 'application/json;as=Table;v=v1;g=meta.k8s.io'

type Fields = Readonly<Record<string, unknown>>
const isFields = (value: unknown): value is Fields =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

/** A table as a list of what its rows are about. */
export function rowsOf(text: string): unknown {
  const value: unknown = JSON.parse(text)
  if (!isFields(value) || value['kind'] !== 'Table' || !Array.isArray(value['rows'])) return value
  const rows: readonly unknown[] = value['rows']
  const items = rows.map(row => {
    const { object, cells } = isFields(row) ? row : {}
    return { metadata: isFields(object) ? object['metadata'] : {}, cells: Array.isArray(cells) ? cells : [] }
  })
  return { kind: 'List', apiVersion: 'v1', metadata: value['metadata'], items }
}
