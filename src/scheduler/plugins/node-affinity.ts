import { matchesNode, matchesTerm } from '#controllers/node-affinity.ts'
import { nodeAffinityObstacles } from '../explain/node-affinity.ts'
import { type Plugin, refuse } from '../plugin.ts'

const refused = refuse("node(s) didn't match Pod's node affinity/selector", true)

export const nodeAffinity: Plugin = {
  name: 'NodeAffinity',
  weight: 2,
  wakes: ['node'],
  filter: ({ pod }) => {
    const required = pod.spec.affinity?.nodeAffinity?.requiredDuringSchedulingIgnoredDuringExecution
    if (required === undefined && pod.spec.nodeSelector === undefined) return undefined
    return ({ node }) => (matchesNode(pod, node) ? undefined : refused)
  },
  explain: ({ pod }) => nodeAffinityObstacles(pod, refused),
  score: ({ pod }) => {
    const preferred = pod.spec.affinity?.nodeAffinity?.preferredDuringSchedulingIgnoredDuringExecution ?? []
    if (preferred.length === 0) return undefined
    return {
      rank: 'most is best',
      score: ({ node }) =>
        preferred.reduce((sum, { weight, preference }) => sum + (matchesTerm(node, preference) ? weight : 0), 0),
    }
  },
}
