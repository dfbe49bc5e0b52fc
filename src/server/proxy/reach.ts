/** A connection to a pod: directly where a route exists, else through the node that it runs on. */
import { request as httpsRequest } from 'node:https'
import { type Socket, connect } from 'node:net'
import type { Duplex } from 'node:stream'
import type { Clock } from '#base/clock.ts'
import type { Pod } from '#kinds/facts/generated/types/core_v1.ts'
import { CallError, describe } from '#wire/failure.ts'
import type { NodeDialer } from '../nodes/dial.ts'

export interface ReachParts {
  readonly dialer: NodeDialer
  readonly clock: Clock
}

/** Milliseconds: of a pod whose address leads somewhere, and of its node. */
const direct = 2000
const through = 15_000
const noRoute: ReadonlySet<string> = new Set(['EHOSTUNREACH', 'ENETUNREACH', 'ETIMEDOUT'])

const late = (place: string): Error => Object.assign(new Error(`dial tcp ${place}: i/o timeout`), { code: 'ETIMEDOUT' })

async function directly(clock: Clock, at: { host: string; port: number; place: string }): Promise<Socket> {
  const { promise, resolve, reject } = Promise.withResolvers<Socket>()
  const socket = connect({ host: at.host, port: at.port })
  socket.on('connect', () => resolve(socket))
  socket.on('error', reject)
  const cancel = clock.after(direct, () => reject(late(at.place)))
  try {
    return await promise
  } catch (error) {
    socket.destroy()
    throw error
  } finally {
    cancel()
  }
}

/** The node looks again whether the address is one of its pods'. */
async function byNode({ dialer, clock }: ReachParts, pod: Pod, place: string): Promise<Duplex> {
  const { promise, resolve, reject } = Promise.withResolvers<Duplex>()
  const options = dialer.options(pod)
  const asking = httpsRequest({ ...options, agent: false, method: 'CONNECT', path: place, headers: { host: place } })
  asking.on('connect', (answer, socket, head) => {
    if (answer.statusCode === 200) {
      if (head.length > 0) socket.unshift(head)
      return resolve(socket)
    }
    socket.destroy()
    reject(new CallError(`dial tcp ${place}: connect: refused by the node (${answer.statusCode ?? 0})`))
  })
  asking.on('error', reject)
  const cancel = clock.after(through, () => asking.destroy(late(place)))
  asking.end()
  try {
    return await promise
  } finally {
    cancel()
  }
}

/** @param at never a reserved address. @throws CallError, StatusError */
export async function reach(
  parts: ReachParts,
  pod: Pod,
  at: { readonly host: string; readonly port: number; readonly place: string },
): Promise<Duplex> {
  try {
    return await directly(parts.clock, at)
  } catch (error) {
    const code: unknown = error instanceof Error && 'code' in error ? error.code : ''
    if (typeof code !== 'string' || !noRoute.has(code) || (pod.spec?.nodeName ?? '') === '')
      throw new CallError(describe(error, at.place))
  }
  try {
    return await byNode(parts, pod, at.place)
  } catch (error) {
    throw new CallError(describe(error, at.place))
  }
}
