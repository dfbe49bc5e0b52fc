/** Admission: steps that change an object, then steps that judge it, then what charges for it, each in one listed order. */
import type { Draft, GroupResource, KObject } from '#api/metadata.ts'
import { type Blame, forbidden, isReason } from '#api/status.ts'
import { uncharged } from '#server/registry/admitting.ts'
import type { Admission, AdmissionRequest, Charge } from '#server/registry/deps.ts'

/** All that change do so once, and once more if one of them asks for it. */
export type Round = 0 | 1

export interface Step {
  readonly name: string
  /** Cheap test whether the step has anything to say. */
  readonly handles: (request: AdmissionRequest) => boolean
  /** May change `request.object` in place. @throws StatusError */
  readonly change?: (request: AdmissionRequest, round: Round) => void | Promise<void>
  /** Asked after the first round: whether there is to be a second one, because of what somebody did from outside. */
  readonly again?: (request: AdmissionRequest) => boolean
  /** @throws StatusError */
  readonly judge?: (request: AdmissionRequest) => void | Promise<void>
  /** What the write uses up; in a dry run it only looks. @throws StatusError */
  readonly charge?: (request: AdmissionRequest) => Charge | Promise<Charge>
}

/** What steps may read. */
export interface Lookup {
  get(resource: GroupResource, key: string): KObject | undefined
  list(resource: GroupResource, namespace?: string): Iterable<KObject>
  /** The same object for as long as nothing of the resource changes. */
  content(resource: GroupResource): object
}

/** What is made of all objects of a resource, made anew when one of them has changed. */
export function derived<T>(lookup: Lookup, resource: GroupResource, make: (objects: Iterable<KObject>) => T): () => T {
  let last: { readonly content: object; readonly value: T } | undefined
  return () => {
    const content = lookup.content(resource)
    if (last?.content !== content) last = { content, value: make(lookup.list(resource)) }
    return last.value
  }
}

/** Steps that have to wait make the whole answer a promise; the others are done when the call returns. */
export function makeAdmission(steps: readonly Step[]): Admission {
  const changers = steps.filter(step => step.change !== undefined)
  const repeaters = steps.filter(step => step.again !== undefined)
  const judges = steps.filter(step => step.judge !== undefined)
  const chargers = steps.filter(step => step.charge !== undefined)
  const change = (request: AdmissionRequest, round: Round) =>
    inOrder(changers, step => (step.handles(request) ? blaming(step, () => step.change?.(request, round)) : undefined))
  return {
    // Only what waited for somebody outside can ask for a second round.
    change: request =>
      change(request, 0)?.then(() =>
        repeaters.some(step => step.again?.(request) === true) ? change(request, 1) : undefined,
      ),
    judge: request =>
      inOrder(judges, step => (step.handles(request) ? blaming(step, () => step.judge?.(request)) : undefined)),
    charge: request => chargeAll(chargers, request),
  }
}

/** What a step forbids is its own doing, unless it knows better. */
function blaming<T>({ name }: Step, run: () => T | Promise<T>): T | Promise<T> {
  const blame = (error: unknown): never => {
    throw isReason(error, 'Forbidden') ? error.blamed({ by: name }) : error
  }
  try {
    const done = run()
    return done instanceof Promise ? done.catch(blame) : done
  } catch (error) {
    return blame(error)
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

function chargeAll(chargers: readonly Step[], request: AdmissionRequest): Charge | Promise<Charge> {
  const asked = chargers.filter(step => step.handles(request))
  const [first] = asked
  if (first?.charge === undefined) return uncharged
  return asked.length === 1 ? blaming(first, () => charged(first, request)) : chargeEach(asked, request)
}

const charged = (step: Step, request: AdmissionRequest): Charge | Promise<Charge> => step.charge?.(request) ?? uncharged

async function chargeEach(chargers: readonly Step[], request: AdmissionRequest): Promise<Charge> {
  const charges: Charge[] = []
  const settle = (): void => charges.toReversed().forEach(charge => charge.settle())
  try {
    for (const step of chargers) charges.push(await blaming(step, () => charged(step, request)))
  } catch (error) {
    settle()
    throw error
  }
  return { operations: charges.flatMap(charge => charge.operations), settle }
}

export const isResource = (request: AdmissionRequest, group: string, resource: string): boolean =>
  request.permit.group === group && request.permit.resource === resource

/** The draft as the type that its kind has; admission runs on decoded objects of that kind. */
export const draftOf = <O extends KObject>(request: AdmissionRequest): Draft<O> => request.object as Draft<O>
export const oldOf = <O extends KObject>(request: AdmissionRequest): O => request.old as O

/** An object without a name yet is called by what its name will begin with. */
export const subjectOf = (request: AdmissionRequest): { group: string; resource: string; name: string } => ({
  group: request.permit.group,
  resource: request.permit.resource,
  name: request.name === '' ? (request.object?.metadata.name ?? '') : request.name,
})

/** @param blame more than that this step did it. @throws StatusError Forbidden */
export function deny(request: AdmissionRequest, why: string, blame?: Blame): never {
  const error = forbidden(subjectOf(request), why)
  throw blame === undefined ? error : error.blamed(blame)
}
