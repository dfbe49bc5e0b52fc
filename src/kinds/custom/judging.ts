/** Custom resources against the schema of the version that the request speaks. */
import type { Pause } from '#base/breaks.ts'
import type { KindVersion, WriteContext } from '#api/kind.ts'
import type { Draft, KObject } from '#api/metadata.ts'
import type { Props } from '../apiextensions/schemas.ts'
import type { Converting } from './converting.ts'
import { type Judge, customErrors, customErrorsInTurns } from './validate.ts'

export const anything: Props = { type: 'object', 'x-kubernetes-preserve-unknown-fields': true }

export interface Versions {
  readonly served: readonly KindVersion[]
  readonly hub: KindVersion
  readonly props: ReadonlyMap<string, Props>
  readonly converting: Converting | undefined
}

/** What the check of an object told, for those who ask for warnings after it. */
export class Told {
  readonly #texts = new WeakMap<KObject, string[]>()

  of(object: KObject): readonly string[] {
    return this.#texts.get(object) ?? []
  }

  listen(object: KObject): (text: string) => void {
    const texts: string[] = []
    this.#texts.set(object, texts)
    return text => void texts.push(text)
  }
}

export interface Judging {
  readonly versions: Versions
  readonly told: Told
  /** Lets others in while rules are evaluated. */
  readonly pause: Pause
}

/** Judged in the version that the request speaks, with that version's schema. */
function judgeFor(
  { versions: { served, hub, props }, told }: Judging,
  object: KObject,
  { version }: WriteContext,
): Judge {
  const wanted = served.find(one => one.name === version) ?? hub
  return {
    version: wanted,
    props: props.get(wanted.name) ?? anything,
    scale: wanted.scale ?? undefined,
    warn: told.listen(object),
  }
}

const shownIn = ({ fromHub }: KindVersion, object: KObject): KObject =>
  fromHub === undefined ? object : fromHub(structuredClone(object) as Draft<KObject>)

function inVersions({ version }: Judge, object: KObject, context: WriteContext): [KObject, WriteContext] {
  const { old } = context
  return [shownIn(version, object), old === undefined ? context : { ...context, old: shownIn(version, old) }]
}

export const validator = (judging: Judging) => (object: KObject, context: WriteContext) => {
  const judge = judgeFor(judging, object, context)
  return customErrors(judge, ...inVersions(judge, object, context))
}

/** As validator, with breaks. */
export const patient = (judging: Judging) => async (object: KObject, context: WriteContext) => {
  const judge = judgeFor(judging, object, context)
  const [shown, own] = inVersions(judge, object, context)
  return customErrorsInTurns(judge, shown, { ...own, pause: judging.pause })
}

/** As patient, where a webhook says how the object is in that version. */
export const converted =
  (judging: Judging, converting: Converting) => async (object: KObject, context: WriteContext) => {
    const judge = judgeFor(judging, object, context)
    const { old } = context
    // The draft becomes what is kept, with other metadata: what it is converted to now must not be taken for that later.
    const draft = structuredClone(object)
    const wanted = old === undefined ? [draft] : [draft, old]
    const [now = draft, before] = await converting.convert(wanted, judge.version.name)
    const own = before === undefined ? context : { ...context, old: before }
    return customErrorsInTurns(judge, now, { ...own, pause: judging.pause })
  }
