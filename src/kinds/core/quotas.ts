/** Checks of what limits a namespace: quotas and limit ranges. */
import { compareQuantities, formatQuantity, type Quantity } from '#base/quantity.ts'
import type { WriteContext } from '#api/kind.ts'
import { qualifiedName } from '#api/names.ts'
import type { FieldError } from '#api/validation.ts'
import type {
  LimitRange,
  LimitRangeItem,
  ResourceQuota,
  ResourceQuotaSpec,
} from '#kinds/facts/generated/types/core_v1.ts'
import { Place } from '../place.ts'
import { checkAmount, checkContainerResource, checkResourceName, isHuge, isNative } from './pod/validate/resources.ts'
import { quantity, type ResourceList } from './quantities.ts'

const compute = ['cpu', 'memory', 'ephemeral-storage']
const quotaNames: ReadonlySet<string> = new Set([
  ...compute.flatMap(name => [name, `requests.${name}`, `limits.${name}`]),
  'requests.storage',
  'pods',
  'resourcequotas',
  'services',
  'replicationcontrollers',
  'secrets',
  'persistentvolumeclaims',
  'configmaps',
  'services.nodeports',
  'services.loadbalancers',
])
const isQuotaName = (name: string): boolean =>
  quotaNames.has(name) || isHuge(name) || name.startsWith('requests.hugepages-')

const ofPods: ReadonlySet<string> = new Set([
  'pods',
  ...['cpu', 'memory'].flatMap(name => [name, `requests.${name}`, `limits.${name}`]),
])
const ofClaims: ReadonlySet<string> = new Set(['persistentvolumeclaims', 'requests.storage'])

/** What a scope can be about; undefined for what is no scope. */
function covers(scope: string, resource: string): boolean | undefined {
  if (scope === 'BestEffort') return resource === 'pods'
  if (scope === 'VolumeAttributesClass') return ofClaims.has(resource)
  return podScopes.has(scope) ? ofPods.has(resource) : undefined
}
const podScopes: ReadonlySet<string> = new Set([
  'Terminating',
  'NotTerminating',
  'NotBestEffort',
  'PriorityClass',
  'CrossNamespacePodAffinity',
])
const existing: ReadonlySet<string> = new Set([
  'BestEffort',
  'NotBestEffort',
  'Terminating',
  'NotTerminating',
  'CrossNamespacePodAffinity',
])

const conflicts = (scopes: readonly string[]): boolean =>
  ['BestEffort', 'Terminating'].some(scope => scopes.includes(scope) && scopes.includes(`Not${scope}`))

function checkList(place: Place, list: ResourceList | undefined): void {
  for (const [name, amount] of Object.entries(list ?? {})) {
    const at = place.key(name)
    checkResourceName(at, name)
    if (!name.includes('/') && !isQuotaName(name)) at.invalid(name, 'must be a standard resource for quota')
    checkAmount(at, name, amount)
  }
}

const misapplied = (scope: string, { hard = {} }: ResourceQuotaSpec): number =>
  Object.keys(hard).filter(name => isQuotaName(name) && covers(scope, name) === false).length

function checkScopes(place: Place, spec: ResourceQuotaSpec): void {
  const scopes: readonly string[] = spec.scopes ?? []
  for (const scope of scopes) {
    if (covers(scope, 'pods') === undefined) place.invalid(scopes, 'unsupported scope')
    for (let count = misapplied(scope, spec); count > 0; count--)
      place.invalid(scopes, 'unsupported scope applied to resource')
  }
  if (conflicts(scopes)) place.invalid(scopes, 'conflicting scopes')
}

const onlyExists =
  "must be 'Exists' when scope is any of ResourceQuotaScopeTerminating, ResourceQuotaScopeNotTerminating, ResourceQuotaScopeBestEffort, ResourceQuotaScopeNotBestEffort or ResourceQuotaScopeCrossNamespacePodAffinity"

type Requirement = NonNullable<NonNullable<ResourceQuotaSpec['scopeSelector']>['matchExpressions']>[number]

function checkRequirement(place: Place, one: Requirement, spec: ResourceQuotaSpec): void {
  const { operator, values = [] } = one
  const scopeName: string = one.scopeName
  if (covers(scopeName, 'pods') === undefined) place.at('scopeName').invalid(scopeName, 'unsupported scope')
  for (let count = misapplied(scopeName, spec); count > 0; count--)
    place.invalid(spec.scopeSelector, 'unsupported scope applied to resource')
  if (existing.has(scopeName) && operator !== 'Exists') place.at('operator').invalid(operator, onlyExists)
  if (operator === 'In' || operator === 'NotIn') {
    if (values.length === 0)
      place.at('values').required("must be at least one value when `operator` is 'In' or 'NotIn' for scope selector")
  } else if (operator === 'Exists' || operator === 'DoesNotExist') {
    if (values.length > 0)
      place
        .at('values')
        .invalid(values, "must be no value when `operator` is 'Exist' or 'DoesNotExist' for scope selector")
  } else place.at('operator').invalid(operator, 'not a valid selector operator')
}

const sameScopes = (a: readonly string[] = [], b: readonly string[] = []): boolean =>
  new Set(a).size === new Set(b).size && a.every(scope => b.includes(scope))

export function validateQuota(
  quota: ResourceQuota,
  { old, subresource }: WriteContext<ResourceQuota>,
): readonly FieldError[] {
  const root = new Place('')
  checkList(root.at('status.hard'), quota.status?.hard)
  checkList(root.at('status.used'), quota.status?.used)
  if (subresource === 'status') return root.errors
  const spec = quota.spec ?? {}
  checkList(root.at('spec.hard'), spec.hard)
  checkScopes(root.at('spec.scopes'), spec)
  const requirements = spec.scopeSelector?.matchExpressions ?? []
  const at = root.at('spec.scopeSelector.matchExpressions')
  for (const one of requirements) checkRequirement(at, one, spec)
  if (conflicts(requirements.map(one => one.scopeName))) at.invalid(spec.scopes ?? null, 'conflicting scopes')
  if (old !== undefined && !sameScopes(spec.scopes, old.spec?.scopes))
    root.at('spec.scopes').immutable(spec.scopes ?? null)
  return root.errors
}

const limitTypes = ['Pod', 'Container', 'PersistentVolumeClaim']
const lists = ['max', 'min', 'default', 'defaultRequest', 'maxLimitRequestRatio'] as const

function checkType(place: Place, type: string): void {
  const problems = qualifiedName(type)
  for (const problem of problems) place.invalid(type, problem)
  if (problems.length === 0 && !type.includes('/') && !limitTypes.includes(type))
    place.invalid(type, 'must be a standard limit type or fully qualified')
}

type Values = { readonly [K in (typeof lists)[number]]: Quantity | undefined }

const above = (a: Quantity | undefined, b: Quantity | undefined): boolean =>
  a !== undefined && b !== undefined && compareQuantities(a, b) > 0
const shown = (value: Quantity | undefined): string => (value === undefined ? '' : formatQuantity(value))

/** Pairs in which the first may not be more than the second, and where that is told. */
const order = [
  ['min', 'max', 'min', 'min value $a is greater than max value $b'],
  ['min', 'defaultRequest', 'defaultRequest', 'min value $a is greater than default request value $b'],
  ['defaultRequest', 'max', 'defaultRequest', 'default request value $a is greater than max value $b'],
  ['defaultRequest', 'default', 'defaultRequest', 'default request value $a is greater than default limit value $b'],
  ['min', 'default', 'default', 'min value $a is greater than default value $b'],
  ['default', 'max', 'default', 'default value $a is greater than max value $b'],
] as const

function checkOrder(place: Place, name: string, values: Values): void {
  for (const [less, more, where, text] of order)
    if (above(values[less], values[more]))
      place
        .at(where)
        .key(name)
        .invalid(shown(values[where]), text.replace('$a', shown(values[less])).replace('$b', shown(values[more])))
  const { maxLimitRequestRatio: ratio, default: limit, defaultRequest: request } = values
  if (ratio !== undefined && ratio.nanos < 1_000_000_000n)
    place
      .at('maxLimitRequestRatio')
      .key(name)
      .invalid(shown(ratio), `ratio ${shown(ratio)} is less than 1`)
  const { min, max } = values
  if (ratio !== undefined && min !== undefined && max !== undefined && min.nanos > 0n) {
    const most = Number(max.nanos) / Number(min.nanos)
    if (Number(ratio.nanos) / 1e9 > most)
      place
        .at('maxLimitRequestRatio')
        .key(name)
        .invalid(shown(ratio), `ratio ${shown(ratio)} is greater than max/min = ${most.toFixed(6)}`)
  }
  const overcommits = isNative(name) && !isHuge(name)
  if (!overcommits && limit !== undefined && request !== undefined && limit.nanos !== request.nanos)
    place
      .at('defaultRequest')
      .key(name)
      .invalid(
        shown(request),
        `default value ${shown(limit)} must equal to defaultRequest value ${shown(request)} in ${name}`,
      )
}

function checkItem(place: Place, item: LimitRangeItem): void {
  const names = new Set<string>()
  const isPod = item.type === 'Pod'
  for (const list of lists) {
    const given = item[list]
    if (given === undefined) continue
    if (isPod && list.startsWith('default')) {
      place.at(list).forbidden("may not be specified when `type` is 'Pod'")
      continue
    }
    for (const name of Object.keys(given)) {
      const at = place.at(list).key(name)
      if (isPod || item.type === 'Container') checkContainerResource(at, name)
      else checkResourceName(at, name)
      names.add(name)
    }
  }
  if (item.type === 'PersistentVolumeClaim' && !item.min?.['storage'] && !item.max?.['storage'])
    place.at('limits').required('either minimum or maximum storage value is required, but neither was provided')
  const read = (list: (typeof lists)[number], name: string): Quantity | undefined =>
    isPod && list.startsWith('default') ? undefined : quantity(item[list]?.[name])
  for (const name of names)
    checkOrder(place, name, {
      max: read('max', name),
      min: read('min', name),
      default: read('default', name),
      defaultRequest: read('defaultRequest', name),
      maxLimitRequestRatio: read('maxLimitRequestRatio', name),
    })
}

export function validateLimitRange(range: LimitRange): readonly FieldError[] {
  const list = new Place('spec').at('limits')
  const types = new Set<string>()
  list.each(range.spec.limits, (item, place) => {
    checkType(place.at('type'), item.type)
    if (types.has(item.type)) place.at('type').duplicate(item.type)
    types.add(item.type)
    checkItem(place, item)
  })
  return list.errors
}
