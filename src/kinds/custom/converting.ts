/** Versions that a webhook converts: what comes back is checked, and each object is asked for once. */
import type { Draft, KObject, ObjectMeta } from '#api/metadata.ts'
import { apiVersionOf } from '#api/metadata.ts'
import type { Schema } from '#api/schema.ts'
import { StatusError } from '#api/status.ts'
import { copyOf } from '#codec/patch/tree.ts'
import { pruneUnknown } from '#codec/prune.ts'
import { checkAnnotations, checkLabels } from '../meta.ts'
import { Place } from '../place.ts'

/** Asks the webhook. @returns as many values as it was given. @throws Error whose message says what is wrong. */
export type Converter = (objects: readonly KObject[], apiVersion: string) => Promise<readonly unknown[]>

export interface ConvertingOptions {
  readonly group: string
  readonly kind: string
  readonly schemas: ReadonlyMap<string, () => Schema>
  readonly converter: Converter
}

/** Objects that are asked for at once. */
const most = 500

export class Converting {
  readonly #options: ConvertingOptions
  readonly #known = new WeakMap<KObject, Map<string, KObject>>()

  constructor(options: ConvertingOptions) {
    this.#options = options
  }

  /** What was converted before, or need not be. */
  find(object: KObject, version: string): KObject | undefined {
    const { group } = this.#options
    return object.apiVersion === apiVersionOf({ group, version }) ? object : this.#known.get(object)?.get(version)
  }

  /** Remembers as long as the objects that it is given live. @throws StatusError */
  async convert(objects: readonly KObject[], version: string): Promise<readonly KObject[]> {
    const missing = objects.filter(object => this.find(object, version) === undefined)
    for (let at = 0; at < missing.length; at += most) await this.#ask(missing.slice(at, at + most), version)
    return objects.map(object => this.find(object, version) ?? object)
  }

  async #ask(objects: readonly KObject[], version: string): Promise<void> {
    const [first] = objects
    const { group, converter, schemas } = this.#options
    const apiVersion = apiVersionOf({ group, version })
    const what = `conversion webhook for ${first?.apiVersion ?? ''}, Kind=${first?.kind ?? ''}`
    let answers: readonly unknown[]
    try {
      answers = await converter(objects, apiVersion)
    } catch (error) {
      throw failed(`${what} failed: ${error instanceof Error ? error.message : String(error)}`)
    }
    if (answers.length !== objects.length)
      throw failed(`${what} returned ${answers.length} objects, expected ${objects.length}`)
    for (const [index, object] of objects.entries()) {
      const made = checked(object, answers[index], apiVersion)
      if (typeof made === 'string') throw failed(`${what} returned invalid converted object at index ${index}: ${made}`)
      const schema = schemas.get(version)?.()
      if (schema !== undefined) pruneUnknown(schema, made)
      const known = this.#known.get(object) ?? new Map<string, KObject>()
      known.set(version, made)
      this.#known.set(object, known)
    }
  }
}

const failed = (message: string): StatusError => new StatusError({ reason: '', message, code: 500 })

const isObject = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

/** The object with the metadata that it had, but for labels and annotations; or why it is none. */
function checked(object: KObject, answer: unknown, apiVersion: string): Draft<KObject> | string {
  if (!isObject(answer)) return 'it is no object'
  const { apiVersion: said, kind, metadata, ...rest } = answer
  if (said !== apiVersion) return `invalid groupVersion (expected ${apiVersion}, received ${text(said)})`
  if (kind !== object.kind) return `invalid kind (expected ${object.kind}, received ${text(kind)})`
  if (!isObject(metadata)) return 'missing metadata in converted object'
  const old = object.metadata
  for (const [field, name] of [
    ['name', 'name'],
    ['namespace', 'namespace'],
    ['uid', 'UID'],
  ] as const)
    if ((metadata[field] ?? '') !== (old[field] ?? ''))
      return `must have the same ${name}: ${old[field] ?? ''} != ${text(metadata[field])}`
  const labels = strings(metadata['labels'], 'labels')
  const annotations = strings(metadata['annotations'], 'annotations')
  if (typeof labels === 'string') return labels
  if (typeof annotations === 'string') return annotations
  const place = new Place('metadata')
  checkLabels(place.at('labels'), labels)
  checkAnnotations(place.at('annotations'), annotations)
  if (place.errors.length > 0) return place.errors.map(error => error.message()).join(', ')
  const { labels: _l, annotations: _a, ...kept } = old
  const restored: ObjectMeta = {
    ...kept,
    ...(labels === undefined ? {} : { labels }),
    ...(annotations === undefined ? {} : { annotations }),
  }
  return { apiVersion, kind: object.kind, metadata: copyOf(restored), ...rest } as Draft<KObject>
}

const text = (value: unknown): string => (typeof value === 'string' ? value : '')

function strings(value: unknown, field: string): Readonly<Record<string, string>> | undefined | string {
  if (value === undefined || value === null) return undefined
  if (!isObject(value)) return `invalid metadata.${field} in converted object`
  const wrong = Object.entries(value).find(([, one]) => typeof one !== 'string')
  return wrong === undefined
    ? (value as Readonly<Record<string, string>>)
    : `metadata.${field}[${wrong[0]}] must be a string in converted object`
}
