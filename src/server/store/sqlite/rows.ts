/** A row of the log and its value: plain or sealed, always with a checksum over all of the row. */
import { crc32 } from 'node:zlib'
import type { GroupResource } from '#api/metadata.ts'
import { SealBroken } from '../encryption.ts'
import { framed, signerOf, unframed } from '../providers/frame.ts'
import { prefixIn } from '../providers/providers.ts'
import { isSealed, type Vault } from '../vault.ts'

/** `provided`: sealed as an EncryptionConfiguration says. */
export const forms = { deletion: 0, plain: 1, sealed: 2, provided: 3 } as const

/** Everything of a row but its value. */
export interface RowHead {
  readonly id: number
  readonly resource: GroupResource
  readonly key: string
  readonly version: number
  /** The row it replaced; 0 for none. */
  readonly previous: number
  readonly expires: number
}

export interface Row extends RowHead {
  readonly form: number
  readonly sum: number
  readonly value: Uint8Array
}

export function sumOf(head: RowHead, form: number, value: Uint8Array): number {
  const { id, resource, key, version, previous, expires } = head
  return crc32(value, crc32(`${id} ${version} ${previous} ${expires} ${form} ${resource} ${key}`))
}

/** The value as the row is to hold it. */
export function closed(
  head: RowHead,
  plain: Uint8Array,
  { ring, sealed, providers, tally }: Vault,
): { readonly form: number; readonly value: Uint8Array } {
  const provider = ring === undefined ? undefined : providers?.writer(head.resource)
  if (ring !== undefined && provider !== undefined) {
    const frame = framed(head, { mark: '', expires: 0, text: plain }, ring)
    const value = provider.seal(frame, aadOf(head))
    tally?.sealed({ resource: head.resource, prefix: provider.title, keyId: provider.keyId })
    return { form: forms.provided, value }
  }
  if (ring === undefined || !isSealed(sealed, head.resource)) return { form: forms.plain, value: plain }
  tally?.sealed({ resource: head.resource, prefix: ring.prefix })
  return { form: forms.sealed, value: ring.seal(head, plain) }
}

/** As upstream has it with its usual prefix: the path that the value would have in etcd. */
const aadOf = ({ resource, key }: RowHead): Buffer => Buffer.from(`/registry/${resource}/${key}`)

/** The row is not what was written. */
export class RowBroken extends Error {
  constructor(head: RowHead, why: string) {
    super(`${head.resource} ${head.key}: ${why}`)
    this.name = 'RowBroken'
  }
}

/** What `closed` was given; empty for a deletion. Throws RowBroken or SealBroken. */
export function opened(row: Row, vault: Vault): Uint8Array {
  const { tally, ring, providers } = vault
  if (tally === undefined || (row.form !== forms.sealed && row.form !== forms.provided)) return open(row, vault)
  const { resource, value } = row
  const origin = row.form === forms.sealed ? { prefix: ring?.prefixOf(value) } : providers?.origin(resource, value)
  const counted = { prefix: undefined, ...origin, resource }
  try {
    const plain = open(row, vault)
    tally.opened(counted, true)
    return plain
  } catch (error) {
    tally.opened(counted, false)
    throw error
  }
}

function open(row: Row, vault: Vault): Uint8Array {
  const { ring, sealed } = vault
  if (sumOf(row, row.form, row.value) !== row.sum) throw new RowBroken(row, 'its checksum is wrong')
  if (row.form === forms.sealed) {
    if (ring === undefined) throw new RowBroken(row, 'it is sealed and there is no key')
    return ring.open(row, row.value)
  }
  if (row.form === forms.provided) return openedByProvider(row, vault)
  // A value put in plainly where sealed ones are the rule was not written by us.
  if (row.form === forms.plain && ring !== undefined && isSealed(sealed, row.resource))
    throw new RowBroken(row, 'it should be sealed and is not')
  return row.value
}

function openedByProvider(row: Row, { ring, providers }: Vault): Uint8Array {
  const plain = providers?.open(row.resource, row.value, aadOf(row))
  if (plain === undefined || ring === undefined)
    throw new SealBroken(row, `was sealed as ${prefixIn(row.value)} and does not open`)
  const frame = unframed(row, plain, ring)
  if (frame === undefined) throw new SealBroken(row, 'was altered or put in another place')
  return frame.text
}

/** Name of the master key that signed a provider's value; undefined where it does not open, or none of ours did. */
export function signerOfRow(row: Row, { ring, providers }: Vault): string | undefined {
  const plain = providers?.open(row.resource, row.value, aadOf(row))
  return plain === undefined || ring === undefined ? undefined : signerOf(row, plain, ring)
}

const number = (value: unknown): number => (typeof value === 'number' ? value : Number.NaN)
const text = (value: unknown): string => (typeof value === 'string' ? value : '')
const none = new Uint8Array()

/** The columns of a row, for a query on the table `name`. */
export const columns = (name: string): string =>
  ['id', 'resource', 'key', 'version', 'previous', 'expires', 'form', 'sum', 'value']
    .map(column => `${name}.${column}`)
    .join(', ')
export const columnCount = 9

/** A row out of a statement's answer: an array of `columns`, from `at`. */
export const rowFrom = (answer: unknown, at = 0): Row => {
  const values: readonly unknown[] = Array.isArray(answer) ? answer : []
  const value = values[at + 8]
  return {
    id: number(values[at]),
    resource: text(values[at + 1]),
    key: text(values[at + 2]),
    version: number(values[at + 3]),
    previous: number(values[at + 4]),
    expires: number(values[at + 5]),
    form: number(values[at + 6]),
    sum: number(values[at + 7]),
    value: value instanceof Uint8Array ? value : none,
  }
}
