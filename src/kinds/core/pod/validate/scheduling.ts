/** Where a pod may go: affinity, tolerations, spread over topologies. */
import { dns1123Label, dns1123Subdomain, labelValueErrors, qualifiedName } from '#api/names.ts'
import type {
  Affinity,
  NodeSelector,
  NodeSelectorRequirement,
  NodeSelectorTerm,
  PodAffinity,
  PodAffinityTerm,
  Toleration,
  TopologySpreadConstraint,
} from '#kinds/facts/generated/types/core_v1.ts'
import { checkSelector } from '../../../meta.ts'
import type { Place } from '../../../place.ts'

const notAnOperator = 'not a valid selector operator'

function checkNodeRequirement(place: Place, one: NodeSelectorRequirement, strict: boolean): void {
  const { key, operator, values = [] } = one
  const at = place.at('values')
  if (operator === 'In' || operator === 'NotIn') {
    if (values.length === 0) at.required("must be specified when `operator` is 'In' or 'NotIn'")
  } else if (operator === 'Exists' || operator === 'DoesNotExist') {
    if (values.length > 0) at.forbidden("may not be specified when `operator` is 'Exists' or 'DoesNotExist'")
  } else if (operator === 'Gt' || operator === 'Lt') {
    if (values.length !== 1) at.required("must be specified single value when `operator` is 'Lt' or 'Gt'")
  } else place.at('operator').invalid(operator, notAnOperator)
  place.at('key').format(key, qualifiedName)
  if (strict) at.each(values, (value, where) => where.format(value, labelValueErrors))
}

function checkNodeField(place: Place, { key, operator, values = [] }: NodeSelectorRequirement): void {
  if (operator !== 'In' && operator !== 'NotIn') place.at('operator').invalid(operator, notAnOperator)
  else if (values.length !== 1)
    place.at('values').required("must be only one value when `operator` is 'In' or 'NotIn' for node field selector")
  if (key !== 'metadata.name') place.at('key').invalid(key, 'not a valid field selector key')
  else place.at('values').each(values, (value, at) => at.format(value, dns1123Subdomain))
}

function checkTerm(place: Place, term: NodeSelectorTerm, strict: boolean): void {
  place.at('matchExpressions').each(term.matchExpressions, (one, at) => checkNodeRequirement(at, one, strict))
  place.at('matchFields').each(term.matchFields, (one, at) => checkNodeField(at, one))
}

export function checkNodeSelector(place: Place, selector: NodeSelector): void {
  const at = place.at('nodeSelectorTerms')
  const terms = selector.nodeSelectorTerms ?? []
  if (terms.length === 0) at.required('must have at least one node selector term')
  at.each(terms, (term, where) => checkTerm(where, term, true))
}

function checkWeight(place: Place, weight: number): void {
  if (weight <= 0 || weight > 100) place.at('weight').invalid(weight, 'must be in the range 1-100')
}

type Selector = PodAffinityTerm['labelSelector']

function checkLabelKeys(place: Place, keys: readonly string[] | undefined, selector: Selector): void {
  if (keys === undefined || keys.length === 0) return
  if (selector === undefined) place.forbidden('must not be specified when labelSelector is not set')
  else place.each(keys, (key, at) => at.format(key, qualifiedName))
}

interface Keys {
  readonly matchLabelKeys?: readonly string[]
  readonly mismatchLabelKeys?: readonly string[]
  readonly labelSelector?: Selector
}

/** A key may be in the selector once: where the server put it. */
function checkKeys(place: Place, { matchLabelKeys, mismatchLabelKeys, labelSelector }: Keys): void {
  checkLabelKeys(place.at('matchLabelKeys'), matchLabelKeys, labelSelector)
  checkLabelKeys(place.at('mismatchLabelKeys'), mismatchLabelKeys, labelSelector)
  const seen = new Set(Object.keys(labelSelector?.matchLabels ?? {}))
  for (const { key } of matchLabelKeys === undefined ? [] : (labelSelector?.matchExpressions ?? [])) {
    const index = matchLabelKeys?.indexOf(key) ?? -1
    if (index >= 0 && seen.has(key)) place.item(index).invalid(key, 'exists in both matchLabelKeys and labelSelector')
    seen.add(key)
  }
  place.at('matchLabelKeys').each(matchLabelKeys, (key, at) => {
    if (mismatchLabelKeys?.includes(key) === true)
      at.invalid(key, 'exists in both matchLabelKeys and mismatchLabelKeys')
  })
}

function checkPodTerm(place: Place, term: PodAffinityTerm): void {
  checkSelector(place.at('labelSelector'), term.labelSelector)
  checkSelector(place.at('namespaceSelector'), term.namespaceSelector)
  for (const name of term.namespaces ?? []) place.at('namespace').format(name, dns1123Label)
  checkKeys(place, term)
  const at = place.at('topologyKey')
  if (!term.topologyKey) at.required('can not be empty')
  at.format(term.topologyKey, qualifiedName)
}

const required = 'requiredDuringSchedulingIgnoredDuringExecution'
const preferred = 'preferredDuringSchedulingIgnoredDuringExecution'

function checkPodAffinity(place: Place, affinity: PodAffinity): void {
  place.at(required).each(affinity[required], (term, at) => checkPodTerm(at, term))
  place.at(preferred).each(affinity[preferred], (term, at) => {
    checkWeight(at, term.weight)
    checkPodTerm(at.at('podAffinityTerm'), term.podAffinityTerm)
  })
}

export function checkAffinity(place: Place, { nodeAffinity, podAffinity, podAntiAffinity }: Affinity): void {
  if (nodeAffinity !== undefined) {
    const at = place.at('nodeAffinity')
    const selector = nodeAffinity[required]
    if (selector !== undefined) checkNodeSelector(at.at(required), selector)
    at.at(preferred).each(nodeAffinity[preferred], (term, where) => {
      checkWeight(where, term.weight)
      checkTerm(where.at('preference'), term.preference, false)
    })
  }
  if (podAffinity !== undefined) checkPodAffinity(place.at('podAffinity'), podAffinity)
  if (podAntiAffinity !== undefined) checkPodAffinity(place.at('podAntiAffinity'), podAntiAffinity)
}

export const taintEffects = ['NoSchedule', 'PreferNoSchedule', 'NoExecute']

function checkToleration(place: Place, one: Toleration): void {
  const { key = '', operator = '', value = '', effect = '', tolerationSeconds } = one
  const at = place.at('operator')
  if (key !== '') place.at('key').format(key, qualifiedName)
  else if (operator !== 'Exists')
    at.invalid(operator, 'operator must be Exists when `key` is empty, which means "match all values and all keys"')
  if (tolerationSeconds !== undefined && effect !== 'NoExecute')
    place.at('effect').invalid(effect, "effect must be 'NoExecute' when `tolerationSeconds` is set")
  if (operator === 'Equal' || operator === '') {
    const problems = labelValueErrors(value)
    if (problems.length > 0) at.invalid(value, problems.join(';'))
  } else if (operator === 'Exists') {
    if (value !== '') at.invalid(value, "value must be empty when `operator` is 'Exists'")
  } else if (operator === 'Lt' || operator === 'Gt') at.unsupported(operator, ['Equal', 'Exists', 'Lt', 'Gt'])
  else at.unsupported(operator, ['Equal', 'Exists'])
  if (effect !== '' && !taintEffects.includes(effect)) place.at('effect').unsupported(effect, taintEffects)
}

export const checkTolerations = (place: Place, list: readonly Toleration[]): void =>
  place.each(list, (one, at) => checkToleration(at, one))

const actions = ['DoNotSchedule', 'ScheduleAnyway']
const inclusions = ['Honor', 'Ignore']

function checkConstraint(place: Place, one: TopologySpreadConstraint): void {
  const { whenUnsatisfiable: action, minDomains } = one
  place.at('maxSkew').positive(one.maxSkew)
  if (!one.topologyKey) place.at('topologyKey').required('can not be empty')
  if (!actions.includes(action)) place.at('whenUnsatisfiable').unsupported(action, actions)
  if (minDomains !== undefined) {
    place.at('minDomains').positive(minDomains)
    if (action !== 'DoNotSchedule')
      place
        .at('minDomains')
        .invalid(minDomains, `can only use minDomains if whenUnsatisfiable=DoNotSchedule, not ${action}`)
  }
  for (const name of ['nodeAffinityPolicy', 'nodeTaintsPolicy'] as const) {
    const policy = one[name]
    if (policy !== undefined && !inclusions.includes(policy)) place.at(name).unsupported(policy, inclusions)
  }
  checkKeys(place, one)
  checkSelector(place.at('labelSelector'), one.labelSelector)
}

export function checkSpread(list: Place, constraints: readonly TopologySpreadConstraint[]): void {
  const pairs = constraints.map(one => `{${one.topologyKey}, ${one.whenUnsatisfiable}}`)
  const last = new Map(pairs.map((pair, at) => [pair, at]))
  let index = 0
  list.each(constraints, (one, place) => {
    const pair = pairs[index] ?? ''
    if ((last.get(pair) ?? index) > index) place.at('{topologyKey, whenUnsatisfiable}').duplicate(pair)
    index++
    checkConstraint(place, one)
  })
}
