/** Rights on what our own group keeps about Secrets. */
import { type Policy, labels, role } from './policy.ts'

const everywhere = { apiGroups: ['bulwark.dev'], resources: ['secretstatuses'], verbs: ['get', 'list', 'watch'] }
const into = (...names: readonly string[]): Readonly<Record<string, string>> =>
  Object.fromEntries(names.map(name => [`rbac.authorization.k8s.io/aggregate-to-${name}`, 'true']))

/** What is kept of Secrets is for those who may read and change Secrets, what is said of them for everybody who may look around. */
export const secretsPolicy: Policy = {
  roles: [
    {
      ...role('system:bulwark:secret-versions', [
        {
          apiGroups: ['bulwark.dev'],
          resources: ['secretversions'],
          verbs: ['delete', 'deletecollection', 'get', 'list', 'watch'],
        },
      ]),
      metadata: { name: 'system:bulwark:secret-versions', labels: { ...labels, ...into('admin', 'edit') } },
    },
    {
      ...role('system:bulwark:secret-statuses', [everywhere]),
      metadata: { name: 'system:bulwark:secret-statuses', labels: { ...labels, ...into('admin', 'edit', 'view') } },
    },
  ],
  bindings: [],
}
