/** Nodes, pods and clusters for tests of placement. */
import { noNodeInfo } from '#kinds/facts/node-info.ts'
import type { Node, NodeSpec, Pod, PodSpec } from '#kinds/facts/generated/types/core_v1.ts'
import { Cluster, podInfo } from './snapshot.ts'

interface NodeParts {
  readonly labels?: Record<string, string>
  readonly spec?: NodeSpec
  readonly allocatable?: Record<string, string>
}

export const node = (name: string, what: NodeParts = {}): Node => ({
  apiVersion: 'v1',
  kind: 'Node',
  metadata: { name, labels: { 'kubernetes.io/hostname': name, ...what.labels } },
  spec: what.spec ?? {},
  status: {
    allocatable: { cpu: '2', memory: '4Gi', pods: '10', ...what.allocatable },
    daemonEndpoints: { kubeletEndpoint: { Port: 10250 } },
    nodeInfo: noNodeInfo,
  },
})

export const pod = (name: string, spec: Partial<PodSpec> = {}, labels: Record<string, string> = {}): Pod => ({
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name, namespace: 'n', labels },
  spec: { containers: [{ name: 'c', image: 'i' }], ...spec },
})

export const asking = (cpu: string, memory = '1Mi'): Partial<PodSpec> => ({
  containers: [{ name: 'c', image: 'i', resources: { requests: { cpu, memory } } }],
})

export const on = (one: Pod, name: string): Pod => ({ ...one, spec: { ...one.spec, nodeName: name } })

export const cluster = (nodes: readonly Node[], running: readonly (readonly [Pod, string])[] = []): Cluster => {
  const all = new Cluster()
  all.setNodes(nodes)
  for (const [one, where] of running) all.setPod(podInfo(one), where)
  return all
}
