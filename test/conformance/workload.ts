/** What the tests of workloads share: namespaces, templates, and what they wait for. */
import type { Api, Json } from './api.ts'

export interface Space {
  readonly name: string
  readonly pods: string
  readonly apps: string
  readonly jobs: string
}
export async function openSpace(api: Api): Promise<Space> {
  const name = await api.namespace()
  return {
    name,
    pods: `/api/v1/namespaces/${name}/pods`,
    apps: `/apis/apps/v1/namespaces/${name}`,
    jobs: `/apis/batch/v1/namespaces/${name}/jobs`,
  }
}

export const labels = { name: 'sample-pod' }
export const podSpec = (image = 'agnhost:1'): object => ({
  terminationGracePeriodSeconds: 1,
  containers: [{ name: 'agnhost', image }],
})
export const set = (name: string, spec: object, image?: string): object => ({
  metadata: { name, labels },
  spec: { selector: { matchLabels: labels }, template: { metadata: { labels }, spec: podSpec(image) }, ...spec },
})
export const imagePatch = (image: string): object => ({
  spec: { template: { spec: { containers: [{ name: 'agnhost', image }] } } },
})
export const absent = (api: Api, path: string): Promise<unknown> =>
  api.until(
    `${path} is gone`,
    () => api.call('GET', path),
    ({ status }) => status === 404,
  )
export const gone = (api: Api, path: string): Promise<unknown> =>
  api.until(
    `${path} is empty`,
    () => api.items(path),
    found => found.length === 0,
  )
export const alive = (pods: readonly Json[]): readonly Json[] =>
  pods.filter(({ metadata }) => metadata.deletionTimestamp === undefined)

/** All replicas are of the newest template, and ready. */
export const complete = (api: Api, path: string, replicas: number): Promise<Json> =>
  api.until(
    `${path} is complete`,
    () => api.get(path),
    ({ metadata, status }) =>
      status.observedGeneration >= metadata.generation &&
      status.updatedReplicas === replicas &&
      status.replicas === replicas &&
      status.availableReplicas === replicas,
  )
export const ready = (api: Api, path: string, replicas: number): Promise<Json> =>
  api.until(
    `${replicas} are ready`,
    () => api.get(path),
    ({ status }) => status.readyReplicas === replicas,
  )
