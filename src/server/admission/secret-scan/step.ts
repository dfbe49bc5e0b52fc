/** SecretScan: says so where something that looks like a secret is written to where everybody reads it. */
import type { PodTemplateSpec } from '#kinds/facts/generated/types/core_v1.ts'
import type { Draft, KObject } from '#api/metadata.ts'
import type { AdmissionRequest } from '#server/registry/deps.ts'
import { describing } from '../pod-security/templates.ts'
import { type Step, deny, isResource } from '../step.ts'
import { type Found, ofAnnotations, ofConfigMap, ofTemplate } from './scan.ts'
import { type SecretScanSettings, usualScan } from './settings.ts'

/** Places that the author says are no secrets, separated by commas. Counts only where nothing is refused. */
export const notSecret = 'bulwark.dev/not-secret'

const record = 'secrets.bulwark.dev/found'
const mostNamed = 5

const templatePaths: ReadonlyMap<string, string> = new Map([
  ['pods', ''],
  ['podtemplates', 'template.'],
  ['cronjobs', 'spec.jobTemplate.spec.template.'],
])

const isWrite = ({ operation }: AdmissionRequest): boolean => operation === 'CREATE' || operation === 'UPDATE'

/** Old objects have the form of new ones. */
const templateIn = (request: AdmissionRequest, object: KObject | undefined): PodTemplateSpec | undefined =>
  object === undefined ? undefined : describing(request)?.({ ...request, object: object as Draft<KObject> })

function found(request: AdmissionRequest): readonly Found[] {
  const { object, old, permit } = request
  if (object === undefined) return []
  const own: Found[] = [...ofAnnotations(object, old)]
  if (isResource(request, '', 'configmaps')) return [...own, ...ofConfigMap(object, old)]
  const template = describing(request)?.(request)
  if (template === undefined) return own
  const path = templatePaths.get(permit.resource) ?? 'spec.template.'
  const before = templateIn(request, old)
  // A pod's annotations are its own.
  if (permit.resource !== 'pods' && template.metadata !== undefined) {
    const inner = ofAnnotations(
      { ...object, metadata: template.metadata },
      old && { ...old, metadata: before?.metadata ?? {} },
    )
    own.push(...inner.map(one => ({ ...one, place: path + one.place })))
  }
  return [...own, ...ofTemplate(template, before, path)]
}

/** Changes of a part that nothing secret stands in: statuses, scales, bindings. */
const scanned: ReadonlySet<string> = new Set(['', 'ephemeralcontainers'])

function handles(settings: SecretScanSettings, request: AdmissionRequest): boolean {
  if (!isWrite(request) || !scanned.has(request.subresource) || request.body !== undefined) return false
  const { object, old, permit } = request
  if (object === undefined) return false
  // What our own components make they copy from what was judged when somebody wrote it, and nobody reads what they are told.
  if (permit.user.source === 'component') return false
  if (settings.namespaces.has(request.namespace) || settings.usernames.has(permit.user.name)) return false
  const { annotations } = object.metadata
  if (annotations !== undefined && annotations !== old?.metadata.annotations) return true
  return isResource(request, '', 'configmaps') || describing(request) !== undefined
}

const sentence = (all: readonly Found[]): string => {
  const told = all.slice(0, mostNamed).map(({ place, is }) => `${place} looks like ${is}`)
  const more = all.length > mostNamed ? [`${all.length - mostNamed} more`] : []
  return [...told, ...more].join('; ')
}

export const secretScan = (settings: SecretScanSettings = usualScan): Step => ({
  name: 'SecretScan',
  handles: request => handles(settings, request),
  judge: request => {
    const all = found(request)
    if (all.length === 0) return
    const denies = settings.mode === 'Deny'
    const excused = denies ? undefined : request.object?.metadata.annotations?.[notSecret]
    const places = new Set(excused?.split(',').map(place => place.trim()))
    const left = all.filter(({ place }) => !places.has(place))
    if (left.length === 0) return
    request.permit.notes?.note(
      record,
      left
        .map(({ place }) => place)
        .slice(0, mostNamed)
        .join(', '),
    )
    if (denies) deny(request, `${sentence(left)}; secrets belong in a Secret`)
    request.warn(`${sentence(left)}; secrets belong in a Secret`)
  },
})
