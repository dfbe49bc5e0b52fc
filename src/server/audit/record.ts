/** One event of audit.k8s.io/v1 as text: built once, field by field, in upstream's order. */
import { harmless } from '#base/harmless.ts'
import type { User } from '#api/request.ts'
import type { StatusError } from '#api/status.ts'
import type { Level, Stage } from './policy.ts'

/** Who asked: also an agent's caller, who is no user of the API. */
export type Known = Pick<User, 'name' | 'uid' | 'groups' | 'extra' | 'source'>

/** An event but for its end: whoever writes it adds annotations of its own, as `,"key":"value"`, and closes it. */
export interface AuditRecord {
  readonly head: string
  /** Bodies, '' or `,"requestObject":…,"responseObject":…`. */
  readonly objects: string
  readonly tail: string
  readonly bytes: number
  /** One line as the `legacy` format has it. */
  readonly legacy: () => string
}

export const closing = '}}'
export const eventText = ({ head, objects, tail }: AuditRecord): string => `${head}${objects}${tail}${closing}`

/** Annotation keys that nobody outside sets: they would look like ours. */
const ours = /^(?:[^/]*\.)?(?:bulwark\.dev|(?:audit|authentication|authorization)\.k8s\.io)\//
export const isReserved = (key: string): boolean => ours.test(key)

/** Under these a refusal's number and who refused stand in its event. */
export const decisionKey = 'decision.bulwark.dev/id'
export const blameKey = 'decision.bulwark.dev/blame'
/** Why something that lasted was ended, where that was neither side's wish. */
export const endedKey = 'session.bulwark.dev/ended'

const texts = new WeakMap<Known, string>()

/** UserInfo. Users live longer than their requests, and are written once. */
export function userText(user: Known): string {
  const had = texts.get(user)
  if (had !== undefined) return had
  const { name, uid, groups, extra } = user
  const made = JSON.stringify({
    username: name,
    ...(uid === undefined || uid === '' ? {} : { uid }),
    ...(groups.length === 0 ? {} : { groups }),
    ...(extra === undefined || Object.keys(extra).length === 0 ? {} : { extra }),
  })
  texts.set(user, made)
  return made
}

const longestMessage = 16 * 1024
const longestDetails = 64 * 1024

/** A refusal's Status, as an event has it. */
export function failureText(error: StatusError): string {
  const { message = '', reason, details, code, metadata } = error.status()
  const shown = message.length > longestMessage ? `${message.slice(0, longestMessage)}...TRUNCATED` : message
  const more = details === undefined ? '' : JSON.stringify(details)
  return `{"metadata":${JSON.stringify(metadata)},"status":"Failure","message":${JSON.stringify(shown)}${reason === undefined || reason === '' ? '' : `,"reason":${JSON.stringify(reason)}`}${more === '' || more.length > longestDetails ? '' : `,"details":${more}`},"code":${code}}`
}

export interface Reference {
  resource: string
  namespace: string
  name: string
  uid: string
  apiGroup: string
  apiVersion: string
  resourceVersion: string
  subresource: string
}

const field = (name: string, value: string): string => (value === '' ? '' : `"${name}":${JSON.stringify(value)},`)

export function referenceText(to: Reference): string {
  const text = `${field('resource', to.resource)}${field('namespace', to.namespace)}${field('name', to.name)}${field('uid', to.uid)}${field('apiGroup', to.apiGroup)}${field('apiVersion', to.apiVersion)}${field('resourceVersion', to.resourceVersion)}${field('subresource', to.subresource)}`
  return `{${text.slice(0, -1)}}`
}

/** All text is JSON already but for what is marked. */
export interface Parts {
  readonly level: Level
  readonly stage: Stage
  /** Plain. */
  readonly id: string
  readonly uri: string
  readonly verb: string
  readonly user: Known | undefined
  readonly acting: Known | undefined
  /** Plain. */
  readonly sourceIPs: readonly string[]
  readonly agent: string
  readonly reference: string
  readonly status: string
  readonly request: string
  readonly response: string
  /** Milliseconds since the epoch. */
  readonly received: number
  readonly now: number
  readonly annotations: string
  /** Plain, for the legacy format. */
  readonly namespace: string
  readonly code: number | undefined
}

let [lastMilliseconds, lastTime] = [Number.NaN, '']

/** MicroTime. Many events share a millisecond. */
function time(milliseconds: number): string {
  const whole = Math.floor(milliseconds)
  if (whole !== lastMilliseconds) {
    lastTime = `${new Date(whole).toISOString().slice(0, 23)}000Z`
    lastMilliseconds = whole
  }
  return lastTime
}

export function makeRecord(parts: Parts): AuditRecord {
  const { user, acting, sourceIPs, agent, reference, status, request, response } = parts
  const head = harmless(
    `{"kind":"Event","apiVersion":"audit.k8s.io/v1","level":"${parts.level}","auditID":${JSON.stringify(parts.id)},"stage":"${parts.stage}","requestURI":${JSON.stringify(parts.uri)},"verb":${JSON.stringify(parts.verb)},"user":${user === undefined ? '{}' : userText(user)}${acting === undefined ? '' : `,"impersonatedUser":${userText(acting)}`}${sourceIPs.length === 0 ? '' : `,"sourceIPs":${JSON.stringify(sourceIPs)}`}${agent === '' ? '' : `,"userAgent":${JSON.stringify(agent)}`}${reference === '' ? '' : `,"objectRef":${reference}`}${status === '' ? '' : `,"responseStatus":${status}`}`,
  )
  const objects =
    request === '' && response === ''
      ? ''
      : harmless(
          `${request === '' ? '' : `,"requestObject":${request}`}${response === '' ? '' : `,"responseObject":${response}`}`,
        )
  const tail = harmless(
    `,"requestReceivedTimestamp":"${time(parts.received)}","stageTimestamp":"${time(parts.now)}","annotations":{${parts.annotations}`,
  )
  return {
    head,
    objects,
    tail,
    bytes: head.length + objects.length + tail.length + closing.length,
    legacy: () => harmless(legacyText(parts)),
  }
}

const list = (groups: readonly string[]): string => groups.map(group => JSON.stringify(group)).join(',')

function legacyText(parts: Parts): string {
  const { user, acting, id, stage, sourceIPs, verb, agent, namespace, uri, code } = parts
  const q = (text: string): string => JSON.stringify(text)
  const groups = user === undefined || user.groups.length === 0 ? '<none>' : list(user.groups)
  return `${time(parts.received)} AUDIT: id=${q(id)} stage=${q(stage)} ip=${q(sourceIPs[0] ?? '<unknown>')} method=${q(verb)} user=${q(user?.name ?? '<none>')} groups=${q(groups)} as=${q(acting?.name ?? '<self>')} asgroups=${q(acting === undefined ? '<lookup>' : list(acting.groups))} user-agent=${q(agent)} namespace=${q(namespace === '' ? '<none>' : namespace)} uri=${q(uri)} response="${code ?? '<deferred>'}"`
}

export const truncatedKey = 'audit.k8s.io/truncated'

/** Without bodies. @returns undefined where it is too large even so. */
export function truncated(record: AuditRecord, most: number): AuditRecord | undefined {
  if (record.bytes <= most) return record
  if (record.objects === '') return undefined
  const tail = `${record.tail},"${truncatedKey}":"true"`
  const bytes = record.head.length + tail.length + closing.length
  return bytes > most ? undefined : { ...record, objects: '', tail, bytes }
}
