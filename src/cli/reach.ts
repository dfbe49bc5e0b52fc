/** The way of a command to the API of a cluster: as the administrator, or as whom a kubeconfig names. */
import { existsSync } from 'node:fs'
import { type Client, makeClient } from '#client/client.ts'
import { type HttpsTransport, httpsTransport } from '#client/https.ts'
import { loadKubeconfig } from '#client/kubeconfig.ts'
import { CommandError, type PlaceOptions, placeOf } from './place.ts'
import { rowsOf, tableForm } from './rows.ts'

export interface ReachOptions extends PlaceOptions {
  /** Of whoever gives the orders; the administrator's of the cluster unless given. */
  readonly kubeconfig?: string
}

export interface Reached {
  readonly client: Client
  /** Its lists answer rows (rows.ts): what a table shows of objects, without what is in them. */
  readonly tables: () => Client
  /** Where none is named. */
  readonly namespace: string
  readonly server: string
  readonly authority: string
}

/** @throws CommandError with what the API said */
export async function reached<T>(options: ReachOptions, act: (reached: Reached) => Promise<T>): Promise<T> {
  const file = options.kubeconfig ?? placeOf(options).kubeconfig
  if (!existsSync(file))
    throw new CommandError(`there is no ${file}; start the cluster with: bulwark up --name ${options.name}`)
  const { server, authority, serverName, identity, namespace } = await loadKubeconfig(file)
  const common = {
    server,
    authority,
    identity: () => identity,
    userAgent: 'bulwark',
    timeout: 10_000,
    ...(serverName === undefined ? {} : { serverName }),
  }
  const transport = httpsTransport(common)
  let table: HttpsTransport | undefined
  const tables = (): Client => {
    table ??= httpsTransport({ ...common, accept: tableForm, parse: rowsOf })
    return makeClient(table.send)
  }
  try {
    return await act({ client: makeClient(transport.send), tables, namespace, server, authority })
  } catch (error) {
    if (error instanceof Error && 'reason' in error) throw new CommandError(error.message)
    throw error
  } finally {
    transport.close()
    table?.close()
  }
}
