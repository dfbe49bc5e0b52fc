/** Admission: steps that change an object, then steps that judge it, then what charges for it, each in one listed order. */
import type { Draft, KObject } from '#api/metadata.ts'
import type { Admission, AdmissionRequest, Undo } from '#server/registry/deps.ts'

export interface Step {
  readonly name: string
  /** Cheap test whether the step has anything to say; absent: always. */
  readonly handles: (request: AdmissionRequest) => boolean
  /** May change `request.object` in place. @throws StatusError */
  readonly change?: (request: AdmissionRequest) => void | Promise<void>
  /** @throws StatusError */
  readonly judge?: (request: AdmissionRequest) => void | Promise<void>
  /** Takes something that is given back when the write fails. Not called in a dry run. @throws StatusError */
  readonly charge?: (request: AdmissionRequest) => Undo | Promise<Undo>
}

/** What steps may read. */
export interface Lookup {
  get(resource: string, key: string): KObject | undefined
  list(resource: string): Iterable<KObject>
}

const nothing: Undo = () => undefined

/** Steps that have to wait make the whole answer a promise; the others are done when the call returns. */
export function makeAdmission(steps: readonly Step[]): Admission {
  const changers = steps.filter(step => step.change !== undefined)
  const judges = steps.filter(step => step.judge !== undefined)
  const chargers = steps.filter(step => step.charge !== undefined)
  return {
    change: request => inOrder(changers, step => (step.handles(request) ? step.change?.(request) : undefined)),
    judge: request => {
      const waiting = inOrder(judges, step => (step.handles(request) ? step.judge?.(request) : undefined))
      if (request.dryRun || chargers.length === 0) return waiting === undefined ? nothing : waiting.then(() => nothing)
      return chargeAll(waiting, chargers, request)
    },
  }
}

function inOrder(
  steps: readonly Step[],
  run: (step: Step) => void | Promise<void>,
  from = 0,
): Promise<void> | undefined {
  for (let at = from; at < steps.length; at++) {
    const step = steps[at]
    const waiting = step === undefined ? undefined : run(step)
    if (waiting instanceof Promise) return waiting.then(() => inOrder(steps, run, at + 1))
  }
  return undefined
}

async function chargeAll(
  before: Promise<void> | undefined,
  chargers: readonly Step[],
  request: AdmissionRequest,
): Promise<Undo> {
  await before
  const undos: Undo[] = []
  const undo = (): void => undos.toReversed().forEach(one => one())
  try {
    for (const step of chargers) if (step.handles(request)) undos.push((await step.charge?.(request)) ?? nothing)
  } catch (error) {
    undo()
    throw error
  }
  return undo
}

export const isResource = (request: AdmissionRequest, group: string, resource: string): boolean =>
  request.permit.group === group && request.permit.resource === resource

/** The draft as the type that its kind has; admission runs on decoded objects of that kind. */
export const draftOf = <O extends KObject>(request: AdmissionRequest): Draft<O> => request.object as Draft<O>
export const oldOf = <O extends KObject>(request: AdmissionRequest): O => request.old as O

export const subjectOf = (request: AdmissionRequest): { group: string; resource: string; name: string } => ({
  group: request.permit.group,
  resource: request.permit.resource,
  name: request.name,
})
