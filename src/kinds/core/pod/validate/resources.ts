/** Requests, limits and claims. */
import { compareQuantities } from '#base/quantity.ts'
import { dns1123Label, qualifiedName } from '#api/names.ts'
import type { ResourceRequirements } from '#kinds/facts/generated/types/core_v1.ts'
import type { Place } from '../../../place.ts'
import { compareTexts, isNegative, quantity, type ResourceList } from '../../quantities.ts'

const inContainers: ReadonlySet<string> = new Set(['cpu', 'memory', 'ephemeral-storage'])
const counted = [
  'pods',
  'resourcequotas',
  'services',
  'replicationcontrollers',
  'secrets',
  'configmaps',
  'persistentvolumeclaims',
  'services.nodeports',
  'services.loadbalancers',
]
/** Names without a prefix that mean something somewhere. */
const standard: ReadonlySet<string> = new Set([
  ...inContainers,
  ...['cpu', 'memory', 'ephemeral-storage'].flatMap(name => [`requests.${name}`, `limits.${name}`]),
  ...counted,
  'storage',
  'requests.storage',
])
const whole: ReadonlySet<string> = new Set(counted)

const hugePrefix = 'hugepages-'
export const isHuge = (name: string): boolean => name.startsWith(hugePrefix)
export const isStandardResource = (name: string): boolean =>
  standard.has(name) || isHuge(name) || name.startsWith('requests.hugepages-')

/** Kubernetes' own; everything else is somebody's device. */
export const isNative = (name: string): boolean => !name.includes('/') || name.includes('kubernetes.io/')

export const isExtended = (name: string): boolean =>
  !isNative(name) && !name.startsWith('requests.') && qualifiedName(`requests.${name}`).length === 0

export function checkResourceName(place: Place, name: string): boolean {
  const problems = qualifiedName(name)
  for (const problem of problems) place.invalid(name, problem)
  if (problems.length > 0) return false
  if (name.includes('/') || isStandardResource(name)) return true
  place.invalid(name, 'must be a standard resource type or fully qualified')
  return false
}

export function checkContainerResource(place: Place, name: string): void {
  if (inContainers.has(name)) return
  checkResourceName(place, name)
  if (!name.includes('/')) {
    if (!isHuge(name)) place.invalid(name, 'must be a standard resource for containers')
  } else if (!isNative(name) && !isExtended(name)) place.invalid(name, "doesn't follow extended resource name standard")
}

const podLevel = ['cpu', 'hugepages-', 'memory']

function checkPodResource(place: Place, name: string): void {
  if (checkResourceName(place, name) && name !== 'cpu' && name !== 'memory' && !isHuge(name))
    place.unsupported(name, podLevel)
}

export function checkAmount(place: Place, name: string, amount: string): void {
  if (isNegative(amount)) place.invalid(amount, 'must be greater than or equal to 0')
  if ((whole.has(name) || (name.includes('/') && isExtended(name))) && (quantity(amount)?.nanos ?? 0n) % nano !== 0n)
    place.invalid(amount, 'must be an integer')
}

const nano = 1_000_000_000n

function checkHuge(place: Place, name: string, amount: string): void {
  const page = quantity(name.slice(hugePrefix.length))
  const size = quantity(amount)
  if (page === undefined || size === undefined || page.nanos <= 0n || size.nanos % page.nanos !== 0n)
    place.invalid(amount, `${amount} is not positive integer multiple of ${name}`)
}

type CheckName = (place: Place, name: string) => void

function checkList(place: Place, list: ResourceList, checkName: CheckName): void {
  for (const name of Object.keys(list)) {
    const amount = list[name] ?? ''
    const at = place.key(name)
    checkName(at, name)
    checkAmount(at, name, amount)
    if (isHuge(name)) checkHuge(at, name, amount)
  }
}

function checkAgainstLimits(place: Place, requests: ResourceList, limits: ResourceList): void {
  for (const name of Object.keys(requests)) {
    const amount = requests[name] ?? ''
    const limit = Object.hasOwn(limits, name) ? limits[name] : undefined
    const overcommit = isNative(name) && !isHuge(name)
    if (limit === undefined) {
      if (!overcommit) place.at('limits').required('Limit must be set for non overcommitable resources')
      continue
    }
    const order = compareTexts(amount, limit) ?? 0
    if (order !== 0 && !overcommit) place.at('requests').invalid(amount, `must be equal to ${name} limit of ${limit}`)
    else if (order > 0) place.at('requests').invalid(amount, `must be less than or equal to ${name} limit of ${limit}`)
  }
}

type Claims = NonNullable<ResourceRequirements['claims']>

function checkClaims(place: Place, claims: Claims, known: ReadonlySet<string>): void {
  const seen = new Set<string>()
  place.each(claims, ({ name, request }, at) => {
    const key = request ? `${name}/${request}` : name
    if (!name) at.required()
    else if (seen.has(name) || seen.has(key)) at.duplicate(key)
    else if (request) at.at('request').format(request, dns1123Label)
    else if ([...seen].some(other => other.startsWith(`${name}/`))) at.duplicate(name)
    seen.add(key)
    if (!known.has(name)) {
      const names = [...known].sort().join(', ')
      at.missing(
        name,
        `must be one of the names in pod.spec.resourceClaims${names === '' ? ' which is empty' : `: ${names}`}`,
      )
    }
  })
}

const empty: ResourceList = {}

const hasKind = (list: ResourceList, is: (name: string) => boolean): boolean => Object.keys(list).some(is)
const isCompute = (name: string): boolean => name === 'cpu' || name === 'memory'

function check(place: Place, resources: ResourceRequirements, checkName: CheckName): void {
  const { limits = empty, requests = empty } = resources
  checkList(place.at('limits'), limits, checkName)
  checkList(place.at('requests'), requests, checkName)
  checkAgainstLimits(place, requests, limits)
  const huge = hasKind(limits, isHuge) || hasKind(requests, isHuge)
  if (huge && !hasKind(limits, isCompute) && !hasKind(requests, isCompute))
    place.forbidden('HugePages require cpu or memory')
}

export function checkResources(
  place: Place,
  resources: ResourceRequirements | undefined,
  claims: ReadonlySet<string>,
): void {
  if (resources === undefined) return
  if (resources.limits !== undefined || resources.requests !== undefined)
    check(place, resources, checkContainerResource)
  if (resources.claims !== undefined) checkClaims(place.at('claims'), resources.claims, claims)
}

/** Of the pod as a whole. */
export function checkPodResources(place: Place, resources: ResourceRequirements): void {
  if (resources.claims !== undefined) place.at('claims').forbidden('claims may not be set for Resources at pod-level')
  check(place, resources, checkPodResource)
}

export const exceeds = (amount: string, most: string): boolean => {
  const [left, right] = [quantity(amount), quantity(most)]
  return left !== undefined && right !== undefined && compareQuantities(left, right) > 0
}
