/**
 * ResourceQuota: a write and what it uses are one transaction, so that what a quota says is used is used, and never more than
 * it allows, however many ask at once, and whoever dies in between.
 */
import type { ResourceQuota } from '#kinds/facts/generated/types/core_v1.ts'
import type { Clock } from '#base/clock.ts'
import { StatusError, internalError } from '#api/status.ts'
import { copy, setField } from '#server/registry/build.ts'
import { uncharged } from '#server/registry/admitting.ts'
import type { AdmissionRequest, Charge } from '#server/registry/deps.ts'
import type { Kept, Operation, Store } from '#server/store/contract.ts'
import type { Step } from '../step.ts'
import { type Asked, asking, counted, measured } from './check.ts'
import { Turns } from './turns.ts'

const resource = 'resourcequotas'
/** Milliseconds that a write waits for others in its namespace. */
const patience = 10_000

export function resourceQuota({ store, clock }: { readonly store: Store; readonly clock: Clock }): Step {
  const turns = new Turns(clock)
  const quotasIn = (namespace: string): readonly Kept[] => [
    ...store.snapshot(resource).range({ prefix: `${namespace}/` }),
  ]
  return {
    name: 'ResourceQuota',
    handles: request => store.snapshot(resource).size > 0 && counted(request) !== undefined,
    charge: request => {
      const asked = askedOf(request)
      const quotas = quotasIn(request.namespace)
      if (asked === undefined || quotas.length === 0) return uncharged
      // Who finds no room now need not wait for it; who asks of no quota need not wait for those who do.
      if (request.dryRun || operations(quotas, asked).length === 0) return looked(quotas, asked)
      return charge(turns, () => operations(quotasIn(request.namespace), asked), request)
    },
  }
}

function askedOf(request: AdmissionRequest): Asked | undefined {
  const of = counted(request)
  return of === undefined || request.object === undefined ? undefined : asking(request, of, request.object)
}

function looked(quotas: readonly Kept[], asked: Asked): Charge {
  operations(quotas, asked)
  return uncharged
}

async function charge(turns: Turns, operate: () => readonly Operation[], request: AdmissionRequest): Promise<Charge> {
  const end = await turns.take(request.namespace, patience)
  if (end === undefined) throw internalError('resource quota evaluation timed out')
  try {
    return { operations: operate(), settle: end }
  } catch (error) {
    end()
    throw error
  }
}

/** @throws StatusError Forbidden */
function measuredBy(quota: ResourceQuota, asked: Asked): ReturnType<typeof measured> {
  try {
    return measured(quota, asked)
  } catch (error) {
    if (!(error instanceof StatusError)) throw error
    const { name = '', namespace = '' } = quota.metadata
    throw error.blamed({
      by: 'ResourceQuota',
      object: { kind: 'ResourceQuota', namespace, name },
      line: 'spec.hard',
      fix: 'less of what is asked for, more in spec.hard, or something else given up',
    })
  }
}

function operations(quotas: readonly Kept[], asked: Asked): readonly Operation[] {
  return quotas.flatMap(kept => {
    const quota = kept.object as ResourceQuota
    const used = measuredBy(quota, asked)
    if (used === undefined) return []
    const object = copy(quota)
    setField(object, 'status', { ...quota.status, used })
    return [{ type: 'put', resource, key: kept.key, expect: kept.revision, object, managed: kept.managed } as const]
  })
}
