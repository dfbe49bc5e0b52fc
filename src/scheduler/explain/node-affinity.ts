/** Which label of a node is not as the pod wants it. */
import { unmet } from '#controllers/node-affinity.ts'
import type { NodeSelectorRequirement, NodeSelectorTerm, Pod } from '#kinds/facts/generated/types/core_v1.ts'
import { type Explain, type Obstacle, type Refusal, reasonOf } from '../plugin.ts'
import type { NodeInfo } from '../snapshot.ts'

const required = 'spec.affinity.nodeAffinity.requiredDuringSchedulingIgnoredDuringExecution'

const valueOf = ({ node }: NodeInfo, key: string): string | undefined => {
  const { labels } = node.metadata
  return labels !== undefined && Object.hasOwn(labels, key) ? labels[key] : undefined
}

function labelled(node: NodeInfo, key: string, value: string): string {
  const overwrite = valueOf(node, key) === undefined ? '' : ' --overwrite'
  return `kubectl label node ${node.name} ${key}=${value}${overwrite}`
}

function fixFor(node: NodeInfo, { key, operator, values = [] }: NodeSelectorRequirement): string {
  const [first = ''] = values
  switch (operator) {
    case 'In':
      return labelled(node, key, first)
    case 'NotIn':
    case 'DoesNotExist':
      return `kubectl label node ${node.name} ${key}-`
    case 'Exists':
      return labelled(node, key, 'VALUE')
    case 'Gt':
      return `${labelled(node, key, 'NUMBER')}, with a number above ${first}`
    default:
      return `${labelled(node, key, 'NUMBER')}, with a number below ${first}`
  }
}

const has = (node: NodeInfo, key: string): string => {
  const value = valueOf(node, key)
  return value === undefined ? `node ${node.name} has no such label` : `node ${node.name} has ${key}=${value}`
}

const told = ({ key, operator, values = [] }: NodeSelectorRequirement): string =>
  `${key} ${operator}${values.length === 0 ? '' : ` [${values.join(', ')}]`}`

interface Closest {
  readonly at: number
  readonly term: NodeSelectorTerm
  readonly missing: ReturnType<typeof unmet>
}

/** The term of which the least is missing: one is enough. Undefined where one holds. */
function closest(terms: readonly NodeSelectorTerm[], { node }: NodeInfo): Closest | undefined {
  let best: (Closest & { readonly count: number }) | undefined
  for (const [at, term] of terms.entries()) {
    const missing = unmet(node, term)
    const empty = (term.matchExpressions ?? []).length + (term.matchFields ?? []).length === 0
    // One that asks for nothing matches nothing, and cannot be mended on the node; so cannot the node's name.
    const count = missing.expressions.length + 100 * missing.fields.length + (empty ? 1000 : 0)
    if (count === 0) return undefined
    if (best === undefined || count < best.count) best = { at, term, missing, count }
  }
  return best
}

function affinityObstacles(node: NodeInfo, terms: readonly NodeSelectorTerm[], refused: Refusal): readonly Obstacle[] {
  const reason = reasonOf(refused)
  const found = closest(terms, node)
  if (found === undefined)
    return terms.length > 0
      ? []
      : [{ reason, line: `${required}.nodeSelectorTerms: none`, fix: 'add a term that matches a node', effort: 2 }]
  const { at, term, missing } = found
  const path = `${required}.nodeSelectorTerms[${at}]`
  if (missing.expressions.length + missing.fields.length === 0)
    return [
      { reason, line: `${path} asks for nothing, and so matches no node`, fix: 'give it an expression', effort: 2 },
    ]
  return [
    ...missing.expressions.map(one => ({
      reason,
      line: `${path}.matchExpressions[${(term.matchExpressions ?? []).indexOf(one)}]: ${told(one)}; ${has(node, one.key)}`,
      fix: `${fixFor(node, one)}; or leave the expression out`,
      effort: 1,
    })),
    ...missing.fields.map(one => ({
      reason,
      line: `${path}.matchFields[${(term.matchFields ?? []).indexOf(one)}]: ${told(one)}; the node is ${node.name}`,
      fix: `name ${node.name} there, or leave the field out`,
      effort: 3,
    })),
  ]
}

export function nodeAffinityObstacles(pod: Pod, refused: Refusal): Explain {
  const wanted = Object.entries(pod.spec.nodeSelector ?? {})
  const terms = pod.spec.affinity?.nodeAffinity?.requiredDuringSchedulingIgnoredDuringExecution?.nodeSelectorTerms
  return node => [
    ...wanted
      .filter(([key, value]) => valueOf(node, key) !== value)
      .map(([key, value]) => ({
        reason: reasonOf(refused),
        line: `spec.nodeSelector[${key}]: ${value}; ${has(node, key)}`,
        fix: `${labelled(node, key, value)}; or leave it out of spec.nodeSelector`,
        effort: 1,
      })),
    ...(terms === undefined ? [] : affinityObstacles(node, terms, refused)),
  ]
}
