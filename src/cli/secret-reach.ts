/** How `bulwark secret …` speaks to the API: as the administrator of the cluster, or whoever a kubeconfig is of. */
import { existsSync } from 'node:fs'
import type { KObject } from '#api/metadata.ts'
import { type Client, makeClient } from '#client/client.ts'
import { httpsTransport } from '#client/https.ts'
import { loadKubeconfig } from '#client/kubeconfig.ts'
import { CommandError, type PlaceOptions, placeOf } from './place.ts'

export interface SecretOptions extends PlaceOptions {
  readonly kubeconfig?: string
  readonly namespace?: string
  readonly allNamespaces?: boolean
  readonly output?: string
}

/** What a list shows of an object, without what is in it. */
export interface Row extends KObject {
  /** As `kubectl get` prints it. */
  readonly cells: readonly unknown[]
}

export interface Reached {
  readonly client: Client
  /** Lists answer rows. */
  readonly tables: Client
  /** Where no namespace is named. */
  readonly namespace: string
}

type Fields = Readonly<Record<string, unknown>>
const isFields = (value: unknown): value is Fields =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

/** A table as a list of what its rows are about. */
function rowsOf(text: string): unknown {
  const value: unknown = JSON.parse(text)
  if (!isFields(value) || value['kind'] !== 'Table' || !Array.isArray(value['rows'])) return value
  const rows: readonly unknown[] = value['rows']
  const items = rows.map(row => {
    const { object, cells } = isFields(row) ? row : {}
    return { metadata: isFields(object) ? object['metadata'] : {}, cells: Array.isArray(cells) ? cells : [] }
  })
  return { kind: 'List', apiVersion: 'v1', metadata: value['metadata'], items }
}

const timeout = 30_000

/** @throws CommandError */
export async function reached<T>(options: SecretOptions, act: (reached: Reached) => Promise<T>): Promise<T> {
  const file = options.kubeconfig ?? placeOf(options).kubeconfig
  if (!existsSync(file))
    throw new CommandError(`there is no ${file}; start the cluster with: bulwark up --name ${options.name}`)
  const { server, authority, serverName, identity, namespace } = await loadKubeconfig(file)
  const common = {
    server,
    authority,
    identity: () => identity,
    userAgent: 'bulwark',
    timeout,
    ...(serverName === undefined ? {} : { serverName }),
  }
  const plain = httpsTransport(common)
  const table = httpsTransport({ ...common, accept: 'application/json;as=Table;v=v1;g=meta.k8s.io', parse: rowsOf })
  try {
    return await act({
      client: makeClient(plain.send),
      tables: makeClient(table.send),
      namespace: options.namespace ?? namespace,
    })
  } catch (error) {
    if (error instanceof Error && 'reason' in error) throw new CommandError(error.message)
    throw error
  } finally {
    plain.close()
    table.close()
  }
}

/** Lines of a table, with two spaces between columns. */
export function lined(rows: readonly (readonly string[])[]): string {
  const widths = (rows[0] ?? []).map((_, at) => Math.max(...rows.map(row => row[at]?.length ?? 0)))
  return rows
    .map(
      row =>
        `${row
          .map((cell, at) => cell.padEnd(widths[at] ?? 0))
          .join('  ')
          .trimEnd()}\n`,
    )
    .join('')
}
