/** Webhooks behind a service, that answer as upstream's test image does, and the configurations that lead to them. */
import { setTimeout as sleep } from 'node:timers/promises'
import { address } from '../aggregation/extension.ts'
import { type Answer, type HookServer, patched, startHookServer } from '../api/admission/hook-server.ts'
import type { Api, Json } from './api.ts'

export type Side = 'mutating' | 'validating'

export const configurationsOf = (side: Side): string =>
  `/apis/admissionregistration.k8s.io/v1/${side}webhookconfigurations`

/** Longer than the shortest time that a webhook can be given, which is a second. */
const slow = 1500

const said = (...reasons: readonly (string | false)[]): object => {
  const message = reasons.filter(one => one !== false).join('; ')
  return message === '' ? { allowed: true } : { allowed: false, status: { message } }
}
const marked = (data: Json, value = 'webhook-disallow'): boolean => data?.['webhook-e2e-test'] === value
const added = (path: string, value: unknown): object => patched([{ op: 'add', path, value }])

const aboutPod: Answer = ({ request: { object } }) => {
  if (marked(object.metadata.labels, 'wait-forever')) return undefined
  const unwanted = object.spec.containers.some(({ name }: Json) => name.includes('webhook-disallow'))
  return said(
    unwanted && 'the pod contains unwanted container name',
    marked(object.metadata.labels) && 'the pod contains unwanted label',
  )
}

/** Each stage follows on what the one before it has left. */
const stages: Answer = ({ request }) => {
  const { data = {} } = request.object
  if (data['mutation-stage-1'] === 'yes') return added('/data/mutation-stage-2', 'yes')
  return data['mutation-start'] === 'yes' ? added('/data/mutation-stage-1', 'yes') : said()
}

const aboutCustom: Answer = ({ request: { operation, object, oldObject } }) =>
  operation === 'DELETE'
    ? said(
        marked(oldObject.data, 'webhook-nondeletable') &&
          'the custom resource cannot be deleted because it contains unwanted key and value',
      )
    : said(marked(object.data) && 'the custom resource contains unwanted data')

function converted(object: Json, apiVersion: string): Json {
  const { hostPort, host, port, ...rest } = object
  if (object.apiVersion === apiVersion) return object
  if (hostPort !== undefined) {
    const [before, behind] = hostPort.split(':')
    return { ...rest, apiVersion, host: before, port: behind }
  }
  const none = host === undefined && port === undefined
  return { ...rest, apiVersion, ...(none ? {} : { hostPort: `${host ?? ''}:${port ?? ''}` }) }
}

const answers: Readonly<Record<string, Answer>> = {
  '/always-deny': () => said('this webhook denies all requests'),
  '/pods': aboutPod,
  '/pods/attach': ({ request }) => said(`attaching to pod '${request.name}' is not allowed`),
  '/configmaps': ({ request }) => said(marked(request.object?.data) && 'the configmap contains unwanted key and value'),
  '/custom-resource': aboutCustom,
  '/crd': ({ request }) => said(marked(request.object.metadata.labels) && 'the crd contains unwanted label'),
  '/always-allow-slowly': () => sleep(slow, said()),
  '/add-label': () => added('/metadata/labels', { 'added-label': 'yes' }),
  '/mutating-configmaps': stages,
  '/mutating-custom-resource': stages,
  '/mutating-pods': () =>
    added('/spec/initContainers', [{ name: 'webhook-added-init-container', image: 'webhook-added-image' }]),
  '/crdconvert': ({ request: { objects, desiredAPIVersion } }) => ({
    result: { status: 'Success' },
    convertedObjects: objects.map((one: Json) => converted(one, desiredAPIVersion)),
  }),
}

/** The namespace of one test, which its webhooks alone look at. */
export interface Space {
  /** On the namespace, and the name of the configuration. */
  readonly label: string
  readonly name: string
  readonly maps: string
  readonly pods: string
}

export const only = ({ label }: Pick<Space, 'label'>): object => ({ matchLabels: { [label]: 'true' } })

export interface Hooks {
  readonly server: HookServer
  space(): Promise<Space>
  /** `clientConfig` that leads to a path. */
  client(path: string): object
  /** A webhook for config maps created in a space, unless `more` says otherwise. */
  hook(space: Space, path: string, more?: object): object
  /** Resolves once the configuration is in force. @returns it as it was created. */
  register(side: Side, space: Space, webhooks: readonly object[]): Promise<Json>
  stop(): Promise<void>
}

export const rule = (more: object = {}): object => ({
  operations: ['CREATE'],
  apiGroups: [''],
  apiVersions: ['v1'],
  resources: ['configmaps'],
  ...more,
})

const service = 'e2e-test-webhook'

async function publish(api: Api, namespace: string, { port }: HookServer): Promise<void> {
  await api.create(`/api/v1/namespaces/${namespace}/services`, {
    metadata: { name: service },
    spec: { ports: [{ port: 8443 }] },
  })
  await api.create(`/apis/discovery.k8s.io/v1/namespaces/${namespace}/endpointslices`, {
    metadata: { name: service, labels: { 'kubernetes.io/service-name': service } },
    addressType: 'IPv4',
    endpoints: [{ addresses: [address], conditions: { ready: true } }],
    ports: [{ name: '', port }],
  })
}

let spaces = 0
async function open(api: Api): Promise<Space> {
  const label = `webhook-${++spaces}`
  const name = await api.namespace({ [label]: 'true' })
  return { label, name, maps: `/api/v1/namespaces/${name}/configmaps`, pods: `/api/v1/namespaces/${name}/pods` }
}

export async function openHooks(api: Api): Promise<Hooks> {
  const namespace = await api.namespace()
  const server = await startHookServer([`${service}.${namespace}.svc`, '127.0.0.1'], address)
  for (const [path, answer] of Object.entries(answers)) server.on(path, answer)
  // No service leads to loopback: without another address it is called by its URL.
  if (address !== undefined) await publish(api, namespace, server)
  const client: Hooks['client'] = path => ({
    caBundle: server.caBundle,
    ...(address === undefined
      ? { url: server.url(path) }
      : { service: { namespace, name: service, path, port: 8443 } }),
  })
  const hook: Hooks['hook'] = (space, path, more = {}) => ({
    name: `${path.slice(1).replaceAll('/', '-')}.k8s.io`,
    rules: [rule()],
    clientConfig: client(path),
    sideEffects: 'None',
    admissionReviewVersions: ['v1', 'v1beta1'],
    namespaceSelector: only(space),
    ...more,
  })
  return {
    server,
    client,
    hook,
    space: () => open(api),
    register: async (side, space, webhooks) => {
      const label = `${space.label}-markers`
      const markers = await api.namespace({ [label]: 'true' })
      const probe = hook({ ...space, label }, '/always-deny', {
        name: 'is-webhook-configuration-ready.k8s.io',
        failurePolicy: 'Ignore',
        objectSelector: only(space),
      })
      const metadata = { name: space.label }
      const made = await api.create(configurationsOf(side), { metadata, webhooks: [...webhooks, probe] })
      const marker = { metadata: { generateName: 'marker-', labels: { [space.label]: 'true' } } }
      await api.until(
        'the configuration is in force',
        () => api.call('POST', `/api/v1/namespaces/${markers}/configmaps`, { body: marker }),
        ({ text }) => text.includes('denied'),
      )
      return made
    },
    stop: () => server.close(),
  }
}
