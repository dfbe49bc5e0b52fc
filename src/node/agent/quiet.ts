/**
 * What runtimes and registries say of a pod quotes what they were given: the command of a container with its variables put in,
 * the headers of a request. It goes to events and statuses, which people read who may not read Secrets: values are taken out.
 */
import { masking } from '#base/mask.ts'
import { objectKey } from '#api/metadata.ts'
import { secrets } from '#kinds/facts/generated/refs.ts'
import type { Pod } from '#kinds/facts/generated/types/core_v1.ts'
import type { Objects } from '../objects.ts'
import { referenced } from '../pod/references.ts'
import type { RuntimePod } from '../runtime.ts'

const longestDocument = 256 * 1024

/** Passwords stand inside the documents of registries' credentials. */
function* inside(base64: string): Generator<string> {
  yield base64
  const text = Buffer.from(base64, 'base64').toString('utf8').trim()
  // With and without the newline that files end with.
  yield text
  if (!text.startsWith('{') || text.length > longestDocument) return
  try {
    yield* leaves(JSON.parse(text))
  } catch {
    // No document: it is a value like all others.
  }
}

function* leaves(value: unknown): Generator<string> {
  if (typeof value === 'string') yield value
  else if (typeof value === 'object' && value !== null) for (const inner of Object.values(value)) yield* leaves(inner)
}

function* valuesOf(objects: Objects, pod: Pod): Generator<string> {
  for (const name of referenced(pod).secrets) {
    const secret = objects.peek(secrets, objectKey(pod.metadata.namespace, name))
    for (const value of Object.values(secret?.data ?? {})) yield* inside(value)
  }
}

/** @returns the text without values of Secrets that the pod refers to */
export const quiet = (objects: Objects, pod: Pod, text: string): string =>
  text === '' ? text : masking(valuesOf(objects, pod))(text)

/** Why containers ended, as the runtime tells it. */
export function quietPod(objects: Objects, pod: Pod, found: RuntimePod): RuntimePod {
  if (found.containers.every(one => one.message === '')) return found
  const hide = masking(valuesOf(objects, pod))
  return {
    ...found,
    containers: found.containers.map(one => (one.message === '' ? one : { ...one, message: hide(one.message) })),
  }
}
