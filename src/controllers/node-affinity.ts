/** Whether a node is one that a pod asks for. */
import type {
  Node,
  NodeSelector,
  NodeSelectorRequirement,
  NodeSelectorTerm,
  Pod,
} from '#kinds/facts/generated/types/core_v1.ts'

type Labels = Readonly<Record<string, string>> | undefined
const own = (labels: Labels, key: string): string | undefined =>
  labels !== undefined && Object.hasOwn(labels, key) ? labels[key] : undefined

const integer = /^-?\d{1,19}$/

function holds({ operator, values = [] }: NodeSelectorRequirement, value: string | undefined): boolean {
  switch (operator) {
    case 'In':
      return value !== undefined && values.includes(value)
    case 'NotIn':
      return value === undefined || !values.includes(value)
    case 'Exists':
      return value !== undefined
    case 'DoesNotExist':
      return value === undefined
    case 'Gt':
    case 'Lt': {
      const [bound = ''] = values
      if (value === undefined || !integer.test(value) || !integer.test(bound)) return false
      return operator === 'Gt' ? BigInt(value) > BigInt(bound) : BigInt(value) < BigInt(bound)
    }
    default:
      return false
  }
}

/** What of a term a node is not. */
export const unmet = (
  node: Node,
  { matchExpressions = [], matchFields = [] }: NodeSelectorTerm,
): {
  readonly expressions: readonly NodeSelectorRequirement[]
  readonly fields: readonly NodeSelectorRequirement[]
} => ({
  expressions: matchExpressions.filter(one => !holds(one, own(node.metadata.labels, one.key))),
  fields: matchFields.filter(one => !holds(one, one.key === 'metadata.name' ? node.metadata.name : undefined)),
})

/** A term without any requirement matches nothing. */
export function matchesTerm(node: Node, { matchExpressions = [], matchFields = [] }: NodeSelectorTerm): boolean {
  if (matchExpressions.length === 0 && matchFields.length === 0) return false
  return (
    matchExpressions.every(one => holds(one, own(node.metadata.labels, one.key))) &&
    matchFields.every(one => holds(one, one.key === 'metadata.name' ? node.metadata.name : undefined))
  )
}

const matchesSelector = (node: Node, selector: NodeSelector): boolean =>
  selector.nodeSelectorTerms.some(term => matchesTerm(node, term))

/** The pod's nodeSelector and what its affinity requires. */
export function matchesNode({ spec }: Pod, node: Node): boolean {
  for (const [key, value] of Object.entries(spec.nodeSelector ?? {}))
    if (own(node.metadata.labels, key) !== value) return false
  const required = spec.affinity?.nodeAffinity?.requiredDuringSchedulingIgnoredDuringExecution
  return required === undefined || matchesSelector(node, required)
}
