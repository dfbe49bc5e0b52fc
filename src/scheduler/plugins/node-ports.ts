import { type Plugin, reasonOf, refuse } from '../plugin.ts'
import { nameOf, placeOf } from '../explain/place.ts'
import type { HostPort } from '../snapshot.ts'

const refused = refuse("node(s) didn't have free ports for the requested pod ports", false)
const all = '0.0.0.0'

const collide = (a: HostPort, b: HostPort): boolean =>
  a.port === b.port && a.protocol === b.protocol && (a.ip === b.ip || a.ip === all || b.ip === all)

export const nodePorts: Plugin = {
  name: 'NodePorts',
  wakes: ['node', 'pod gone'],
  filter: ({ ports }) =>
    ports.length === 0
      ? undefined
      : node => (node.ports.some(used => ports.some(wanted => collide(used, wanted))) ? refused : undefined),
  explain:
    ({ ports }) =>
    node =>
      ports.flatMap(wanted => {
        const holder = [...node.pods.values()].find(one => one.ports.some(used => collide(used, wanted)))
        if (holder === undefined) return []
        return [
          {
            reason: reasonOf(refused),
            object: placeOf(holder.pod),
            line: `hostPort: ${wanted.port} (${wanted.protocol}), which is taken on ${node.name}`,
            fix: `take another hostPort, or end pod ${nameOf(holder.pod)}, which has it`,
            effort: 1,
          },
        ]
      }),
}
