/** Where objects describe the pods that they are, or that will be made for them. */
import type { DaemonSet, Deployment, ReplicaSet, StatefulSet } from '#kinds/facts/generated/types/apps_v1.ts'
import type { CronJob, Job } from '#kinds/facts/generated/types/batch_v1.ts'
import type { Pod, PodTemplate, PodTemplateSpec, ReplicationController } from '#kinds/facts/generated/types/core_v1.ts'
import type { AdmissionRequest } from '#server/registry/deps.ts'
import { draftOf } from '../step.ts'

/** @returns undefined where a template may be left out, and is. */
type Describing = (request: AdmissionRequest) => PodTemplateSpec | undefined

const bySpec: Describing = request =>
  draftOf<Deployment | ReplicaSet | DaemonSet | StatefulSet | Job | ReplicationController>(request).spec?.template

const core: Readonly<Record<string, Describing>> = {
  pods: request => draftOf<Pod>(request),
  podtemplates: request => draftOf<PodTemplate>(request).template,
  replicationcontrollers: bySpec,
}
const apps: Readonly<Record<string, Describing>> = {
  replicasets: bySpec,
  deployments: bySpec,
  statefulsets: bySpec,
  daemonsets: bySpec,
}
const batch: Readonly<Record<string, Describing>> = {
  jobs: bySpec,
  cronjobs: request => draftOf<CronJob>(request).spec?.jobTemplate.spec.template,
}

const groups = new Map(
  Object.entries({ '': core, apps, batch }).map(([group, resources]) => [group, new Map(Object.entries(resources))]),
)

/** @returns undefined for what has no pods. */
export const describing = ({ permit: { group, resource } }: AdmissionRequest): Describing | undefined =>
  groups.get(group)?.get(resource)
