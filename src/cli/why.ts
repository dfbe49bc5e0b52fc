/** `bulwark why`: what refused a request, by the number that the refusal carried; or why a pod is on no node. */
import { isReason } from '#api/status.ts'
import { type Bulwark, decisionOfPod, decisions } from '#kinds/facts/bulwark.ts'
import { readContact } from '#kinds/facts/contact.ts'
import { pods } from '#kinds/facts/generated/refs.ts'
import { blameKey, decisionKey } from '#server/audit/record.ts'
import { askAudit, visible } from './audit.ts'
import { CommandError, UsageError } from './place.ts'
import { placeText } from './places.ts'
import { type ReachOptions, reached } from './reach.ts'

type Decision = Bulwark['Decision']
type Status = NonNullable<Decision['status']>

const number = /^[0-9a-f]{12}$/

/** Of one that the server does not remember any more: what is on record, without what could be done now. */
async function recorded(options: ReachOptions, id: string): Promise<Decision | undefined> {
  for await (const { event } of askAudit(options, { annotation: [decisionKey, id] })) {
    const { user, impersonatedUser, objectRef: to = {}, responseStatus } = event
    const who = impersonatedUser ?? user
    const blame = JSON.parse(event.annotations?.[blameKey] ?? '{}') as Pick<Status, 'by' | 'object' | 'line' | 'fix'>
    return {
      apiVersion: 'bulwark.dev/v1alpha1',
      kind: decisions.kind,
      metadata: { name: id, creationTimestamp: event.stageTimestamp },
      spec: {
        username: who.username ?? '',
        groups: who.groups ?? [],
        verb: event.verb,
        group: to.apiGroup ?? '',
        version: to.apiVersion ?? '',
        resource: to.resource ?? '',
        subresource: to.subresource ?? '',
        namespace: to.namespace ?? '',
        name: to.name ?? '',
        ...(to.resource === undefined ? { path: event.requestURI } : {}),
      },
      status: {
        ...blame,
        code: responseStatus?.code ?? 0,
        reason: responseStatus?.reason ?? '',
        message: responseStatus?.message ?? '',
      },
    }
  }
  return undefined
}

export interface WhyOptions extends ReachOptions {
  /** Of a pod that is asked about by name. */
  readonly namespace?: string
}

const podNamed = /^(?:pods?|po)\/([^/]+)$/

/** The newest of a pod: why it is on no node, or else, where there is no such pod, why somebody could not make it. */
async function decisionOfNamed(name: string, options: WhyOptions): Promise<Decision> {
  return reached(options, async ({ client, namespace: usual }) => {
    const namespace = options.namespace ?? usual
    const none = (what: string) => new CommandError(`${what} ${namespace}/${name}`, 3)
    const pod = await client.find(pods, `${namespace}/${name}`)
    if (pod !== undefined) {
      const found = await client.find(decisions, decisionOfPod(pod.metadata.uid ?? ''))
      if (found === undefined) throw none('nothing has refused pod')
      return found
    }
    const fieldSelector = `spec.resource=pods,spec.namespace=${namespace},spec.name=${name}`
    const { items } = await client.list(decisions, { fieldSelector })
    const newest = items.at(-1)
    if (newest === undefined) throw none('there is no pod, and no decision about one, called')
    return newest
  })
}

/** @throws UsageError, CommandError */
export async function decisionOf(id: string, options: WhyOptions): Promise<Decision> {
  const [, pod] = podNamed.exec(id) ?? []
  if (pod !== undefined) return decisionOfNamed(pod, options)
  if (!number.test(id) && readContact(id) === undefined)
    throw new UsageError(
      `a decision has twelve digits, such as 0f3c5a9b1d2e, or is that of a packet, as its event names it, or of a pod, such as pod/web, not ${JSON.stringify(id)}`,
    )
  const remembered = await reached(options, ({ client }) =>
    client.get(decisions, id).catch((error: unknown) => {
      if (isReason(error, 'NotFound')) return undefined
      throw error
    }),
  )
  const found = remembered ?? (await recorded(options, id).catch(() => undefined))
  if (found === undefined) throw new CommandError(`no decision ${id} is remembered or on record`, 3)
  return found
}

const failures: Readonly<Record<string, string>> = {
  verb: 'does not have this verb',
  group: 'is about another API group',
  resource: 'is about other resources',
  name: 'names other objects',
  path: 'is about other paths',
  namespace: 'holds in another namespace',
}

function nearLines({ near = [] }: Status): readonly string[] {
  return near.map(
    ({ binding, role, rule, fails }) =>
      `  ${placeText(binding)} gives ${placeText(role)}, whose rule ${rule + 1} ${failures[fails] ?? fails}`,
  )
}

function nodeLines({ nodes = [], nodesLeftOff = 0 }: Status): readonly string[] {
  if (nodes.length === 0) return []
  return [
    'Nodes, the closest first:',
    ...nodes.flatMap(({ name, obstacles }) => [
      `  ${name}`,
      ...obstacles.flatMap(({ by, reason, object, line, fix }) => [
        `    ${by}: ${reason}`,
        `      ${object === undefined ? '' : `${placeText(object)}: `}${line}`,
        `      ${fix}`,
      ]),
    ]),
    ...(nodesLeftOff === 0 ? [] : [`  and ${nodesLeftOff} more`]),
  ]
}

function byLines(status: Status): readonly string[] {
  const { by, object, line, fix } = status
  if (by === 'authorization') return ['By:      no authorizer allows it']
  return [
    `By:      ${by}${object === undefined ? '' : `, ${placeText(object)}`}`,
    ...(line === undefined ? [] : [`Line:    ${line}`]),
    ...(fix === undefined ? [] : [`Allowed: ${fix}`]),
  ]
}

function whatText({ spec }: Decision): string {
  const { verb = '', resource = '', subresource = '', group = '', name = '', namespace = '', path = '' } = spec ?? {}
  if (resource === '') return `${verb} ${path}`
  const what = `${resource}${group === '' ? '' : `.${group}`}${subresource === '' ? '' : `/${subresource}`}`
  return `${verb} ${what}${name === '' ? '' : ` ${name}`}${namespace === '' ? '' : ` in ${namespace}`}`
}

/** What people read of it. Names are other people's text. */
export function decisionText(decision: Decision): string {
  const { status, spec, metadata } = decision
  if (status === undefined) return ''
  const { username = '' } = spec ?? {}
  const groups = (spec?.groups ?? []).join(', ')
  const near = nearLines(status)
  const lines = [
    `Refused: ${status.message}`,
    ...(metadata.creationTimestamp === undefined ? [] : [`When:    ${metadata.creationTimestamp}`]),
    ...(username === '' ? [] : [`Who:     ${username}${groups === '' ? '' : ` (${groups})`}`]),
    `What:    ${whatText(decision)}`,
    ...byLines(status),
    ...(status.allowedNow === true ? ['It is allowed by now.'] : []),
    ...nodeLines(status),
    ...(near.length === 0 ? [] : ['Rules that come near:', ...near]),
    ...(status.grant === undefined || status.allowedNow === true
      ? []
      : ['This would allow it, and nothing else:', ...status.grant.commands.map(command => `  ${command}`)]),
  ]
  return `${lines.map(visible).join('\n')}\n`
}
