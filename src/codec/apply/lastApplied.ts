/** What `kubectl apply` left in an annotation before it applied on the server's side. */
import { stringifyJson } from '../json.ts'
import type { Draft, KObject } from '#api/metadata.ts'
import type { Served } from '#api/kind.ts'
import { parseJson } from '../json.ts'
import { copyOf, isObject, put, type Fields } from '../patch/tree.ts'
import { compare } from './compare.ts'
import { type Scope, apiVersionOf, rootShape, visible } from './scope.ts'
import { type FieldSet, difference, emptySet } from './set.ts'
import { sentPart } from './sparse.ts'
import { typedAs } from './typed.ts'
import { ownedSet } from './whole.ts'

const annotation = 'kubectl.kubernetes.io/last-applied-configuration'

/** Upstream's limit on the annotations of an object, in bytes. */
const mostAnnotations = 256 * 1024

/** Paths that still are as kubectl last applied them: taking those is no conflict. @param live in the request's version. */
export function appliedBefore(served: Served, live: KObject, scope: Scope): FieldSet {
  const text = live.metadata.annotations?.[annotation]
  const last = text === undefined ? undefined : readConfig(served, text)
  if (last === undefined) return emptySet
  const shape = rootShape(served.version)
  const [before, now] = [visible(last, scope), visible(live, scope)]
  const { changed, removed } = compare(shape, before, now)
  return difference(difference(ownedSet(shape, before), changed), removed)
}

function readConfig(served: Served, text: string): object | undefined {
  try {
    const { value } = parseJson(text)
    if (!isObject(value) || value['apiVersion'] !== apiVersionOf(served)) return undefined
    const sent = copyOf(value)
    const part = sentPart(served.version.schema(), typedAs(served, value), sent)
    return isObject(part) ? part : undefined
  } catch {
    // Users write annotations.
    return undefined
  }
}

/** An object that has the annotation keeps it true, so that a client-side apply can take over again. */
export function annotated(object: Draft<KObject>, config: object): void {
  const { annotations } = object.metadata
  if ((annotations?.[annotation] ?? '') === '' || annotations === undefined) return
  const text = `${stringifyJson(sorted(withoutAnnotation(config)))}\n`
  const size = Object.entries({ ...annotations, [annotation]: text }).reduce(
    (sum, [key, value]) => sum + Buffer.byteLength(key) + Buffer.byteLength(value),
    0,
  )
  if (size > mostAnnotations) delete annotations[annotation]
  else annotations[annotation] = text
}

function withoutAnnotation(config: object): object {
  const metadata: unknown = Reflect.get(config, 'metadata')
  const annotations = isObject(metadata) ? metadata['annotations'] : undefined
  if (!isObject(metadata) || !isObject(annotations)) return config
  const { [annotation]: _, ...rest } = annotations
  return { ...config, metadata: { ...metadata, annotations: rest } }
}

function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted)
  if (!isObject(value)) return value
  const result: Fields = {}
  for (const key of Object.keys(value).toSorted()) put(result, key, sorted(value[key]))
  return result
}
