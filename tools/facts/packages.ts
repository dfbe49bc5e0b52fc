import { globSync } from 'node:fs'
import { dirname, join } from 'node:path'

/** Which packages hold the facts, under which names OpenAPI and our generated files know them. */
export interface Source {
  /** Name of the generated types file, and prefix of references between packages: `core_v1`. */
  readonly alias: string
  /** Go import path. */
  readonly path: string
  /** Prefix of the OpenAPI definition names. */
  readonly openapi: string
  /** API group and version; absent where the types are no kinds of their own. */
  readonly group: string
  readonly version: string
  /** Whether kube-apiserver serves this group version by default, so that its kinds become resources. */
  readonly served: boolean
}

const api = (folder: string, group: string, served = true): Source => {
  const [name = '', version = ''] = folder.split('/')
  return {
    alias: `${name}_${version}`,
    path: `k8s.io/api/${folder}`,
    openapi: `io.k8s.api.${name}.${version}`,
    group,
    version,
    served,
  }
}

const other = (path: string, group: string, served: boolean): Source => {
  const parts = path.split('/')
  const [name = '', version = ''] = parts.slice(-2)
  return {
    alias: `${name}_${version}`,
    path,
    openapi: ['io', 'k8s', ...parts.slice(1)].join('.'),
    group,
    version,
    served,
  }
}

/** In the order of discovery. Of two versions of a group the preferred one comes first. */
export const sources: readonly Source[] = [
  api('core/v1', ''),
  other('k8s.io/kube-aggregator/pkg/apis/apiregistration/v1', 'apiregistration.k8s.io', true),
  api('apps/v1', 'apps'),
  api('events/v1', 'events.k8s.io'),
  api('authentication/v1', 'authentication.k8s.io'),
  api('authorization/v1', 'authorization.k8s.io'),
  api('autoscaling/v2', 'autoscaling'),
  api('autoscaling/v1', 'autoscaling'),
  api('batch/v1', 'batch'),
  api('certificates/v1', 'certificates.k8s.io'),
  api('networking/v1', 'networking.k8s.io'),
  api('policy/v1', 'policy'),
  api('rbac/v1', 'rbac.authorization.k8s.io'),
  api('storage/v1', 'storage.k8s.io'),
  api('admissionregistration/v1', 'admissionregistration.k8s.io'),
  other('k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1', 'apiextensions.k8s.io', true),
  api('scheduling/v1', 'scheduling.k8s.io'),
  api('coordination/v1', 'coordination.k8s.io'),
  api('node/v1', 'node.k8s.io'),
  api('discovery/v1', 'discovery.k8s.io'),
  api('resource/v1', 'resource.k8s.io'),
  api('flowcontrol/v1', 'flowcontrol.apiserver.k8s.io'),
  other('k8s.io/apimachinery/pkg/apis/meta/v1', '', false),
  api('admission/v1', 'admission.k8s.io', false),
  api('apidiscovery/v2', 'apidiscovery.k8s.io', false),
  other('k8s.io/apiserver/pkg/apis/audit/v1', 'audit.k8s.io', false),
  other('k8s.io/apiserver/pkg/apis/apiserver/v1', 'apiserver.config.k8s.io', false),
  other('k8s.io/metrics/pkg/apis/metrics/v1beta1', 'metrics.k8s.io', true),
]

/** These, and every other version in the published packages; which group the latter are of is not asked. */
export function everySource(input: string): readonly Source[] {
  const root = join(input, 'usr/share/gocode/src')
  const known = new Set(sources.map(source => source.path))
  const more = globSync('k8s.io/api/*/*/types.go', { cwd: root })
    .map(file => dirname(file))
    .filter(path => !known.has(path))
    .sort()
  return [...sources, ...more.map(path => api(path.slice('k8s.io/api/'.length), '', false))]
}
