/** LimitRanger: what containers get when they say nothing, and how much they, their pods and claims may ask for. */
import type {
  Container,
  LimitRange,
  LimitRangeItem,
  PersistentVolumeClaim,
  Pod,
  ResourceRequirements,
} from '#kinds/facts/generated/types/core_v1.ts'
import { podTotals } from '#kinds/amounts/pod.ts'
import { type Sums, readList, readQuantity } from '#kinds/amounts/sums.ts'
import { type Quantity, compareQuantities, formatQuantity, zeroQuantity } from '#base/quantity.ts'
import type { Draft } from '#api/metadata.ts'
import type { AdmissionRequest } from '#server/registry/deps.ts'
import { type Lookup, type Step, deny, draftOf, isResource } from './step.ts'

const annotation = 'kubernetes.io/limit-ranger'

export const limitRanger = (lookup: Lookup): Step => ({
  name: 'LimitRanger',
  handles: request =>
    (request.operation === 'CREATE' || request.operation === 'UPDATE') &&
    (isPod(request) || isClaim(request)) &&
    request.old?.metadata.deletionTimestamp === undefined,
  change: request => {
    if (isPod(request)) for (const range of rangesIn(lookup, request)) fillPod(draftOf<Pod>(request), range)
  },
  judge: request => {
    for (const range of rangesIn(lookup, request)) {
      const broken = isPod(request)
        ? podProblems(draftOf<Pod>(request), range)
        : claimProblems(draftOf<PersistentVolumeClaim>(request), range)
      const [first, ...more] = new Set(broken)
      if (first !== undefined) deny(request, more.length === 0 ? first : `[${[first, ...more].join(', ')}]`)
    }
  },
})

/** Of an existing pod only a resize changes what it asks for. */
const isPod = (request: AdmissionRequest): boolean =>
  isResource(request, '', 'pods') && request.subresource === (request.operation === 'CREATE' ? '' : 'resize')

const isClaim = (request: AdmissionRequest): boolean =>
  isResource(request, '', 'persistentvolumeclaims') && request.subresource === ''

function* rangesIn(lookup: Lookup, request: AdmissionRequest): Generator<LimitRange> {
  for (const range of lookup.list('limitranges', request.namespace)) yield range as LimitRange
}

type Amounts = Record<string, string>

function defaultsOf(range: LimitRange): { readonly limits: Amounts; readonly requests: Amounts } {
  const items = (range.spec?.limits ?? []).filter(item => item.type === 'Container')
  return {
    limits: Object.assign({}, ...items.map(item => item.default)),
    requests: Object.assign({}, ...items.map(item => item.defaultRequest)),
  }
}

/** @returns the names of what was filled in. */
function fillList(
  had: Amounts | undefined,
  from: Amounts,
): { readonly list: Amounts; readonly added: readonly string[] } {
  const added = Object.keys(from).filter(name => had === undefined || !Object.hasOwn(had, name))
  return { list: { ...had, ...Object.fromEntries(added.map(name => [name, from[name] ?? ''])) }, added: added.sort() }
}

function fillContainer(container: Draft<Container>, what: string, range: LimitRange): readonly string[] {
  const defaults = defaultsOf(range)
  const resources: Draft<ResourceRequirements> = { ...container.resources }
  const notes: string[] = []
  for (const [side, word] of [
    ['requests', 'request'],
    ['limits', 'limit'],
  ] as const) {
    const { list, added } = fillList(resources[side], defaults[side])
    if (added.length === 0) continue
    resources[side] = list
    notes.push(`${added.join(', ')} ${word} for ${what} ${container.name}`)
  }
  if (notes.length > 0) container.resources = resources
  return notes
}

function fillPod(pod: Draft<Pod>, range: LimitRange): void {
  const notes = [
    ...(pod.spec?.containers ?? []).flatMap(one => fillContainer(one, 'container', range)),
    ...(pod.spec?.initContainers ?? []).flatMap(one => fillContainer(one, 'init container', range)),
  ]
  if (notes.length > 0)
    pod.metadata.annotations = {
      ...pod.metadata.annotations,
      [annotation]: `LimitRanger plugin set: ${notes.join('; ')}`,
    }
}

interface Asked {
  readonly requests: Sums
  readonly limits: Sums
}

const above = (a: Quantity, b: Quantity): boolean => compareQuantities(a, b) > 0

interface Rule {
  readonly name: string
  /** `per Container`. */
  readonly type: string
  readonly enforced: Quantity
}

function* tooLittle({ name, type, enforced }: Rule, { requests, limits }: Asked): Generator<string> {
  const [request, limit] = [requests.get(name), limits.get(name)]
  const head = `minimum ${name} usage per ${type} is ${formatQuantity(enforced)}`
  if (request === undefined) yield `${head}.  No request is specified`
  else if (above(enforced, request)) yield `${head}, but request is ${formatQuantity(request)}`
  else if (limit !== undefined && above(enforced, limit)) yield `${head}, but limit is ${formatQuantity(limit)}`
}

function* tooMuch({ name, type, enforced }: Rule, { requests, limits }: Asked): Generator<string> {
  const [request, limit] = [requests.get(name), limits.get(name)]
  const head = `maximum ${name} usage per ${type} is ${formatQuantity(enforced)}`
  if (limit === undefined) yield `${head}.  No limit is specified`
  else if (above(limit, enforced)) yield `${head}, but limit is ${formatQuantity(limit)}`
  else if (request !== undefined && above(request, enforced)) yield `${head}, but request is ${formatQuantity(request)}`
}

function* tooMuchRequested({ name, type, enforced }: Rule, { requests }: Asked): Generator<string> {
  const request = requests.get(name)
  const head = `maximum ${name} usage per ${type} is ${formatQuantity(enforced)}`
  if (request === undefined) yield `${head}.  No request is specified`
  else if (above(request, enforced)) yield `${head}, but request is ${formatQuantity(request)}`
}

function* outOfRatio({ name, type, enforced }: Rule, { requests, limits }: Asked): Generator<string> {
  const [request, limit] = [requests.get(name) ?? zeroQuantity, limits.get(name) ?? zeroQuantity]
  const head = `${name} max limit to request ratio per ${type} is ${formatQuantity(enforced)}`
  if (request.nanos === 0n) yield `${head}, but no request is specified or request is 0`
  else if (limit.nanos === 0n) yield `${head}, but no limit is specified or limit is 0`
  // Exact: limit / request > enforced, without a division.
  else if (limit.nanos * 1_000_000_000n > enforced.nanos * request.nanos)
    yield `${head}, but provided ratio is ${(Number(limit.nanos) / Number(request.nanos)).toFixed(6)}`
}

type Check = (rule: Rule, asked: Asked) => Generator<string>

function* broken(item: LimitRangeItem, asked: Asked, checks: Readonly<Record<string, Check>>): Generator<string> {
  for (const list of ['min', 'max', 'maxLimitRequestRatio'] as const) {
    const check = checks[list]
    if (check === undefined) continue
    for (const [name, text] of Object.entries(item[list] ?? {}))
      yield* check({ name, type: item.type, enforced: readQuantity(text) }, asked)
  }
}

const ofContainers = { min: tooLittle, max: tooMuch, maxLimitRequestRatio: outOfRatio }
const ofClaims = { min: tooLittle, max: tooMuchRequested }

const askedBy = (resources: Container['resources']): Asked => ({
  requests: readList(resources?.requests),
  limits: readList(resources?.limits),
})

function* podProblems({ spec }: Pod, range: LimitRange): Generator<string> {
  for (const item of range.spec?.limits ?? [])
    if (item.type === 'Container')
      for (const container of [...spec.containers, ...(spec.initContainers ?? [])])
        yield* broken(item, askedBy(container.resources), ofContainers)
    else if (item.type === 'Pod')
      yield* broken(item, { requests: podTotals(spec, 'requests'), limits: podTotals(spec, 'limits') }, ofContainers)
}

function* claimProblems({ spec }: PersistentVolumeClaim, range: LimitRange): Generator<string> {
  const asked = { requests: readList(spec.resources?.requests), limits: new Map() }
  for (const item of range.spec?.limits ?? [])
    if (item.type === 'PersistentVolumeClaim') yield* broken(item, asked, ofClaims)
}
