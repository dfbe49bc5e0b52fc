/** Checks of the smaller kinds of the core group. */
import type { WriteContext } from '#api/kind.ts'
import { dns1123Label, dns1123Subdomain, labelValueErrors, portNumber, qualifiedName } from '#api/names.ts'
import { FieldError } from '#api/validation.ts'
import type {
  EndpointAddress,
  Endpoints,
  Namespace,
  Node,
  PodTemplate,
  ReplicationController,
  Taint,
} from '#kinds/facts/generated/types/core_v1.ts'
import { addressProblems, endpointProblems, rangeProblems } from '../addresses.ts'
import { checkCounts, checkLastingTemplate } from '../apps/checks.ts'
import { matches } from '../meta.ts'
import { Place } from '../place.ts'
import { equal } from '#base/equal.ts'
import { checkTemplate } from './pod/validate/template.ts'
import { checkAmount } from './pod/validate/resources.ts'
import { taintEffects } from './pod/validate/scheduling.ts'

const size = (map: object | undefined): number => Object.keys(map ?? {}).length

type Controller = ReplicationController

export function validateController(
  object: Controller,
  { subresource }: WriteContext<Controller>,
): readonly FieldError[] {
  const root = new Place('')
  if (subresource === 'status') {
    const { conditions: _, ...counts } = object.status ?? { replicas: 0 }
    checkCounts(root.at('status'), counts, ['fullyLabeledReplicas', 'readyReplicas', 'availableReplicas'])
    return root.errors
  }
  const { minReadySeconds, selector = {}, replicas, template } = object.spec
  const place = root.at('spec')
  place.at('minReadySeconds').nonNegative(minReadySeconds)
  if (size(selector) === 0) place.at('selector').required()
  if (replicas === undefined) place.at('replicas').required()
  place.at('replicas').nonNegative(replicas)
  if (template === undefined) {
    place.at('template').required()
    return root.errors
  }
  const labels = template.metadata?.labels
  if (!matches({ matchLabels: selector }, labels))
    place.at('template.metadata.labels').invalid(labels ?? null, '`selector` does not match template `labels`')
  checkLastingTemplate(place.at('template'), template, 'ReplicationController')
  return root.errors
}

export function validatePodTemplate(object: PodTemplate): readonly FieldError[] {
  const place = new Place('template')
  if (object.template !== undefined) checkTemplate(place, object.template)
  return place.errors
}

function checkTaints(list: Place, taints: readonly Taint[]): void {
  const seen = new Set<string>()
  list.each(taints, (taint, place) => {
    const { key, value = '', effect } = taint
    place.at('key').format(key, qualifiedName)
    const problems = labelValueErrors(value)
    if (problems.length > 0) place.at('value').invalid(value, problems.join(';'))
    place.at('effect').oneOf(effect, taintEffects)
    const pair = `${key} ${effect}`
    if (seen.has(pair))
      list.errors.push(
        new FieldError('FieldValueDuplicate', place.path(), {
          value: taint,
          detail: 'taints must be unique by key and effect pair',
        }),
      )
    seen.add(pair)
  })
}

function checkRanges(list: Place, ranges: readonly string[]): void {
  list.each(ranges, (range, at) => at.format(range, rangeProblems))
  const six = ranges.filter(range => range.includes(':')).length
  if (six > 1 || ranges.length - six > 1) list.invalid(ranges, 'may specify no more than one CIDR for each IP family')
}

function checkNodeUpdate(root: Place, node: Node, old: Node): void {
  const [next, before] = [node.spec, old.spec]
  const only = (what: string): string => `node updates may not change ${what} except from "" to valid`
  if ((before.podCIDRs?.length ?? 0) > 0 && !equal(next.podCIDRs, before.podCIDRs))
    root.at('spec.podCIDRs').forbidden(only('podCIDR'))
  if (before.providerID && next.providerID !== before.providerID)
    root.at('spec.providerID').forbidden(only('providerID'))
  const seen = new Set<string>()
  root.at('status.addresses').each(node.status?.addresses, (address, at) => {
    const key = `${address.type} ${address.address}`
    if (seen.has(key)) at.duplicate(address)
    seen.add(key)
  })
}

export function validateNode(node: Node, { old, subresource }: WriteContext<Node>): readonly FieldError[] {
  const root = new Place('')
  for (const list of ['capacity', 'allocatable'] as const)
    for (const [name, amount] of Object.entries(node.status?.[list] ?? {}))
      checkAmount(root.at('status').at(list).at(name), name, amount)
  if (old !== undefined) checkNodeUpdate(root, node, old)
  if (subresource === 'status') return root.errors
  // Upstream looks for taints where they once were, in the metadata.
  if (node.spec.taints !== undefined) checkTaints(root.at('metadata.taints'), node.spec.taints)
  if (node.spec.podCIDRs !== undefined) checkRanges(root.at('spec.podCIDRs'), node.spec.podCIDRs)
  return root.errors
}

const ownFinalizers = ['kubernetes', 'orphan', 'foregroundDeletion']

export function validateNamespace(
  namespace: Namespace,
  { old, subresource }: WriteContext<Namespace>,
): readonly FieldError[] {
  const root = new Place('')
  const list = root.at('spec.finalizers')
  if (old === undefined || subresource === 'finalize')
    for (const [index, name] of (namespace.spec?.finalizers ?? []).entries()) {
      const at = old === undefined ? list : list.item(index)
      at.format(name, qualifiedName)
      if (!name.includes('/') && !ownFinalizers.includes(name))
        at.invalid(name, 'name is neither a standard finalizer name nor is it fully qualified')
    }
  if (subresource !== 'status') return root.errors
  const phase = namespace.status?.phase
  const going = namespace.metadata.deletionTimestamp !== undefined
  if (!going && phase !== 'Active')
    root.at('status.Phase').invalid(phase, "may only be 'Active' if `deletionTimestamp` is empty")
  if (going && phase !== 'Terminating')
    root.at('status.Phase').invalid(phase, "may only be 'Terminating' if `deletionTimestamp` is not empty")
  return root.errors
}

function checkEndpoint(place: Place, { ip, hostname, nodeName }: EndpointAddress): void {
  place.at('ip').format(ip, addressProblems)
  if (hostname) place.at('hostname').format(hostname, dns1123Label)
  if (nodeName !== undefined) place.at('nodeName').format(nodeName, dns1123Subdomain)
  place.at('ip').format(ip, endpointProblems)
}

const protocols = ['SCTP', 'TCP', 'UDP']

export function validateEndpoints(object: Endpoints, { old }: WriteContext<Endpoints>): readonly FieldError[] {
  const list = new Place('subsets')
  list.each(object.subsets, ({ addresses = [], notReadyAddresses = [], ports = [] }, place) => {
    if (addresses.length + notReadyAddresses.length === 0)
      place.required('must specify `addresses` or `notReadyAddresses`')
    place.at('addresses').each(addresses, (address, at) => checkEndpoint(at, address))
    place.at('notReadyAddresses').each(notReadyAddresses, (address, at) => checkEndpoint(at, address))
    place.at('ports').each(ports, ({ name, port, protocol, appProtocol }, at) => {
      if (ports.length > 1 && !name) at.at('name').required()
      else if (name) at.at('name').format(name, dns1123Label)
      for (const problem of portNumber(port)) at.at('port').invalid(port, problem)
      at.at('protocol').oneOf(protocol, protocols)
      if (appProtocol !== undefined) at.at('appProtocol').format(appProtocol, qualifiedName)
    })
  })
  return old !== undefined && equal(old.subsets, object.subsets) ? [] : list.errors
}
