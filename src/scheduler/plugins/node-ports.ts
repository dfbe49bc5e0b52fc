import { type Plugin, refuse } from '../plugin.ts'
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
}
