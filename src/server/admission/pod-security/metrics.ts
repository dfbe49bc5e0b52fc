/** How often pods were judged, and how, under upstream's names and labels. */
import { Counter } from '#base/metrics.ts'
import type { AdmissionRequest } from '#server/registry/deps.ts'
import { type LevelVersion, type Mode, latest, versionText } from './levels.ts'

export interface PodSecurityMetrics {
  evaluated(request: AdmissionRequest, decision: 'allow' | 'deny', by: { mode: Mode; policy: LevelVersion }): void
  exempted(request: AdmissionRequest): void
  /** @param fatal whether the request is refused for it. */
  failed(request: AdmissionRequest, fatal: boolean): void
  lines(): Iterable<string>
}

function kindOf({ permit: { group, resource } }: AdmissionRequest): string {
  if (group === '' && resource === 'pods') return 'pod'
  return group === '' && resource === 'namespaces' ? 'namespace' : 'controller'
}

/** Every value is one of a few that need no escaping, so the text is put together without looking. */
const about = (request: AdmissionRequest): string =>
  `request_operation="${request.operation.toLowerCase()}",resource="${kindOf(request)}",subresource="${request.subresource}"`

/** Whoever pins a version that there is not yet makes no label of their own. */
function pinned({ level, version }: LevelVersion, newest: number): string {
  if (level === 'privileged' || version === latest) return 'latest'
  return version > newest ? 'future' : versionText(version)
}

/** @param newest the minor version of this server. */
export function makePodSecurityMetrics(newest: number): PodSecurityMetrics {
  const evaluations = new Counter('pod_security_evaluations_total')
  const exemptions = new Counter('pod_security_exemptions_total')
  const errors = new Counter('pod_security_errors_total')
  return {
    evaluated: (request, decision, { mode, policy }) => {
      const version = pinned(policy, newest)
      evaluations.add(
        `decision="${decision}",policy_level="${policy.level}",policy_version="${version}",mode="${mode}",${about(request)}`,
      )
    },
    exempted: request => exemptions.add(about(request)),
    failed: (request, fatal) => errors.add(`fatal="${fatal}",${about(request)}`),
    lines: function* () {
      yield* evaluations.lines()
      yield* exemptions.lines()
      yield* errors.lines()
    },
  }
}
