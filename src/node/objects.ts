/**
 * The secrets and config maps that this node's pods refer to, each followed by its own name: that is all that a node is
 * allowed to read. Kept current while a pod refers to them.
 */
import type { KObject, ResourceRef } from '#api/metadata.ts'
import { groupResource, objectKey } from '#api/metadata.ts'
import { typed } from '#client/client.ts'
import { follow, type FollowParts } from '#client/reflect.ts'

export interface Objects {
  /** Follows the object for this holder; resolves with what there is now. @throws Error when nothing answers in time. */
  hold<O extends KObject>(holder: string, ref: ResourceRef<O>, key: string): Promise<O | undefined>
  /** What is known now. */
  peek<O extends KObject>(ref: ResourceRef<O>, key: string): O | undefined
  /** Drops all that only this holder follows. */
  release(holder: string): void
  stop(): void
}

interface Followed {
  readonly holders: Set<string>
  readonly first: Promise<void>
  readonly abort: AbortController
  object: KObject | undefined
}

const firstAnswerMs = 10_000

/** @param onChange called with the holders of an object that changed */
export function makeObjects(
  parts: Omit<FollowParts, 'signal'>,
  onChange: (holders: ReadonlySet<string>) => void,
): Objects {
  const all = new Map<string, Followed>()
  const nameOf = (ref: ResourceRef, key: string): string => `${groupResource(ref)} ${key}`
  const start = (ref: ResourceRef, key: string): Followed => {
    const [namespace, name] = key.split('/')
    const { promise: first, resolve } = Promise.withResolvers<void>()
    const one: Followed = { holders: new Set(), first, abort: new AbortController(), object: undefined }
    const set = (object: KObject | undefined): void => {
      const changed = one.object?.metadata.resourceVersion !== object?.metadata.resourceVersion
      one.object = object
      resolve()
      if (changed) onChange(one.holders)
    }
    const mine = (object: KObject): boolean => objectKey(object.metadata.namespace, object.metadata.name ?? '') === key
    void follow(
      { ref, ...(namespace === undefined ? {} : { namespace }), fieldSelector: `metadata.name=${name}` },
      { ...parts, signal: one.abort.signal },
      {
        onList: objects => set(objects.find(mine)),
        onEvents: events => {
          for (const { type, object } of events)
            if (type !== 'BOOKMARK' && mine(object)) set(type === 'DELETED' ? undefined : object)
        },
      },
    )
    return one
  }
  const within = async (one: Followed, name: string): Promise<void> => {
    const { promise, reject } = Promise.withResolvers<never>()
    const late = (): void => reject(new Error(`no answer about ${name}`))
    const cancel = parts.clock.after(firstAnswerMs, late)
    await Promise.race([one.first, promise]).finally(cancel)
  }
  const value = <O extends KObject>(ref: ResourceRef<O>, one: Followed | undefined): O | undefined =>
    one?.object === undefined ? undefined : typed(ref, one.object)
  return {
    hold: async (holder, ref, key) => {
      const name = nameOf(ref, key)
      const one = all.get(name) ?? start(ref, key)
      all.set(name, one)
      one.holders.add(holder)
      await within(one, name)
      return value(ref, one)
    },
    peek: (ref, key) => value(ref, all.get(nameOf(ref, key))),
    release: holder => {
      for (const [name, one] of all) {
        if (!one.holders.delete(holder) || one.holders.size > 0) continue
        one.abort.abort()
        all.delete(name)
      }
    },
    stop: () => {
      for (const one of all.values()) one.abort.abort()
      all.clear()
    },
  }
}
