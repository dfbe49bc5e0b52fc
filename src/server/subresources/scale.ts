/** scale: the number of replicas of any kind that has one, as autoscaling/v1 Scale. */
import type { Scale } from '#kinds/facts/generated/types/autoscaling_v1.ts'
import type { ScalePaths, Served } from '#api/kind.ts'
import { scaleOf } from '#api/served.ts'
import type { Draft, KObject } from '#api/metadata.ts'
import { badRequest, conflict, internalError, invalid, methodNotAllowed } from '#api/status.ts'
import { invalidValue, required } from '#api/validation.ts'
import { type LabelSelector, fromLabelSelector } from '#api/selector.ts'
import type { Special, SpecialRequest } from '../outcome.ts'
import type { Kept } from '#server/store/contract.ts'
import { inVersion, prepared, toHub } from '../converting.ts'
import { copy } from '#server/registry/build.ts'
import { shown } from '../patching.ts'
import { get } from '../serve.ts'
import { admitPart, amend, inner, made } from './reading.ts'

const steps = (path: string): readonly string[] => path.split('.').filter(part => part !== '')

function read(object: unknown, path: string): unknown {
  let value = object
  for (const step of steps(path)) {
    if (typeof value !== 'object' || value === null || !Object.hasOwn(value, step)) return undefined
    value = Reflect.get(value, step)
  }
  return value
}

function write(object: object, path: string, value: unknown): void {
  const parts = steps(path)
  let at: object = object
  for (const step of parts.slice(0, -1)) {
    const next: unknown = Object.hasOwn(at, step) ? Reflect.get(at, step) : undefined
    if (typeof next === 'object' && next !== null) at = next
    else {
      const made = {}
      Reflect.set(at, step, made)
      at = made
    }
  }
  Reflect.set(at, parts.at(-1) ?? '', value)
}

const operators = { In: 'in', NotIn: 'notin', Exists: '', DoesNotExist: '!', Gt: '>', Lt: '<' } as const

/** A selector as the query string that clients send. */
function selectorText(value: unknown): string {
  if (typeof value === 'string') return value
  if (typeof value !== 'object' || value === null) return ''
  const plain =
    'matchLabels' in value || 'matchExpressions' in value
      ? (value as LabelSelector)
      : { matchLabels: value as Record<string, string> }
  const requirements = fromLabelSelector(plain) ?? []
  return requirements
    .toSorted((a, b) => (a.key < b.key ? -1 : 1))
    .map(({ key, operator, values }) => {
      const list = [...values].sort().join(',')
      if (operator === 'Exists') return key
      if (operator === 'DoesNotExist') return `!${key}`
      return operator === 'In' && values.size === 1 ? `${key}=${list}` : `${key} ${operators[operator]} (${list})`
    })
    .join(',')
}

const count = (value: unknown): number => (typeof value === 'number' ? value : 0)

function toScale(object: KObject, paths: ScalePaths): Scale {
  const { name, namespace, uid, resourceVersion, creationTimestamp } = object.metadata
  const selector = paths.selector === undefined ? '' : selectorText(read(object, paths.selector))
  return {
    kind: 'Scale',
    apiVersion: 'autoscaling/v1',
    metadata: {
      ...(name === undefined ? {} : { name }),
      ...(namespace === undefined ? {} : { namespace }),
      ...(uid === undefined ? {} : { uid }),
      ...(resourceVersion === undefined ? {} : { resourceVersion }),
      ...(creationTimestamp === undefined ? {} : { creationTimestamp }),
    },
    spec: { replicas: count(read(object, paths.specReplicas)) },
    status: { replicas: count(read(object, paths.statusReplicas)), ...(selector === '' ? {} : { selector }) },
  }
}

/** A custom kind's field may not be there, and then there is nothing to scale. @throws StatusError InternalError */
function missing({ kind }: Served, object: KObject, { specReplicas }: ScalePaths): void {
  if (kind.custom && read(object, specReplicas) === undefined)
    throw internalError(`the spec replicas field ${JSON.stringify(specReplicas)} does not exist`)
}

function checked(special: SpecialRequest, wanted: Draft<Scale>, current: Kept): number {
  const { name, group, resource } = special.permit
  const replicas = wanted.spec?.replicas ?? 0
  if (replicas < 0 || !Number.isInteger(replicas))
    throw invalid({ group: 'autoscaling', resource: 'Scale', name }, [
      invalidValue('spec.replicas', replicas, 'must be greater than or equal to 0'),
    ])
  if (wanted.metadata?.name !== undefined && wanted.metadata.name !== name)
    throw badRequest(`the name of the object (${wanted.metadata.name}) does not match the name on the URL (${name})`)
  const { uid = '', resourceVersion = '' } = wanted.metadata ?? {}
  if (uid !== '' && uid !== current.object.metadata.uid)
    throw conflict(
      { group, resource, name },
      `Precondition failed: UID in precondition: ${uid}, UID in object meta: ${current.object.metadata.uid ?? ''}`,
    )
  if (resourceVersion !== '' && resourceVersion !== current.object.metadata.resourceVersion)
    throw conflict(
      { group, resource, name },
      'the object has been modified; please apply your changes to the latest version and try again',
    )
  return replicas
}

/** @throws StatusError Invalid where a patch left something else. */
function scaleIn(document: unknown): Draft<Scale> {
  const { spec }: { spec?: unknown } = Object(document)
  if (typeof document === 'object' && document !== null && typeof spec === 'object' && spec !== null)
    return document as Draft<Scale>
  throw invalid({ group: 'autoscaling', resource: 'Scale' }, [required('spec', 'the patch leaves no scale')])
}

export const scale: Special = async special => {
  const paths = scaleOf(special.served)
  const { request, serving } = special
  if (paths === undefined)
    throw methodNotAllowed({ group: special.permit.group, resource: special.permit.resource }, request.verb)
  const answer = async (kept: Kept) => {
    await prepared(special.served, [kept.object])
    const object = shown(kept, special.served)
    missing(special.served, object, paths)
    return made(toScale(object, paths), 200)
  }
  if (request.verb === 'get') return answer(await get(serving.registry, special))
  if (request.verb !== 'update' && request.verb !== 'patch')
    throw methodNotAllowed({ group: special.permit.group, resource: special.permit.resource }, request.verb)
  const { served } = special
  const kept = await amend(inner(special), async (draft, current) => {
    await prepared(served, [current.object])
    const own = served.kind.convert === undefined ? draft : copy(inVersion(current.object, served))
    const before = toScale(own, paths)
    const wanted =
      request.verb === 'update'
        ? (structuredClone(request.body) as Draft<KObject> as Draft<Scale>)
        : scaleIn(
            serving.patching.plain(request.patch, before, served.kind.custom ? undefined : 'autoscaling_v1.Scale'),
          )
    await admitPart(special, wanted, before)
    write(own, paths.specReplicas, checked(special, wanted, current))
    return own === draft ? undefined : toHub(served, own)
  })
  return answer(kept)
}
