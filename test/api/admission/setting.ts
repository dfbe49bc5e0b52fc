/** A control plane with a webhook server beside it, and the few calls that the webhook tests make. */
import { type Reply, type Wire, openWire } from '../wire.ts'
import { type HookServer, startHookServer } from './hook-server.ts'

export interface Setting {
  readonly wire: Wire
  readonly hooks: HookServer
  /** A configuration with one webhook for config maps that carry the label `for: name`. */
  configure(kind: 'Mutating' | 'Validating', name: string, webhook: object): Promise<Reply>
  remove(kind: 'Mutating' | 'Validating', name: string): Promise<Reply>
  /** Creates a config map that the webhook `name` is asked about. */
  create(
    name: string,
    extra?: { readonly query?: string; readonly data?: object; readonly labels?: object },
  ): Promise<Reply>
  stop(): Promise<void>
}

export const group = '/apis/admissionregistration.k8s.io/v1'
export const rule = {
  operations: ['*'],
  apiGroups: [''],
  apiVersions: ['v1'],
  resources: ['configmaps'],
}

const plural = (kind: string): string => `${group}/${kind.toLowerCase()}webhookconfigurations`

let count = 0

export async function openSetting(): Promise<Setting> {
  const wire = await openWire()
  const hooks = await startHookServer()
  return {
    wire,
    hooks,
    configure: async (kind, name, webhook) => {
      const one = {
        name: `${name}.example.com`,
        clientConfig: { url: hooks.url(`/${name}`), caBundle: hooks.caBundle },
        rules: [rule],
        objectSelector: { matchLabels: { for: name } },
        sideEffects: 'None',
        admissionReviewVersions: ['v1', 'v1beta1'],
        ...webhook,
      }
      const body = { metadata: { name }, webhooks: [one] }
      const reply = await wire.call('POST', plural(kind), { body })
      if (reply.status !== 201) throw new Error(reply.text)
      return reply
    },
    remove: (kind, name) => wire.call('DELETE', `${plural(kind)}/${name}`),
    create: (name, { query = '', data = {}, labels = {} } = {}) =>
      wire.call('POST', `/api/v1/namespaces/default/configmaps${query}`, {
        body: { metadata: { name: `${name}-${++count}`, labels: { for: name, ...labels } }, data },
      }),
    stop: async () => {
      await hooks.close()
      await wire.stop()
    },
  }
}
