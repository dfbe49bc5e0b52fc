/** Something that is configured by a text that may change while we run. */
import type { Clock } from './clock.ts'
import type { Log } from './log.ts'

export interface Following {
  readonly clock: Clock
  readonly read: () => Promise<string>
  /** Milliseconds between two looks. */
  readonly interval: number
  /** Throws for what is not to be taken: what was before stays. */
  readonly apply: (text: string) => Promise<void> | void
  /** Told once for each text that cannot be taken, and once for each stretch in which nothing can be read. */
  readonly failed: (error: unknown) => void
}

/** The same, telling a log what becomes of each text. @param what begins the sentences. @throws as `follow` */
export const followLogged = (
  what: string,
  log: Log,
  { apply, ...following }: Omit<Following, 'failed'>,
): Promise<() => void> =>
  follow({
    ...following,
    apply: async text => {
      await apply(text)
      log.info(`${what} taken`)
    },
    failed: error =>
      log.error(`${what} not taken: the former one stays`, {
        error: error instanceof Error ? error.message : 'unknown',
      }),
  })

/**
 * Applies the text, and each other one that is read later. A text is looked at once, whatever became of it.
 * @returns how to stop. @throws what `read` and `apply` throw of the first one.
 */
export async function follow({ clock, read, interval, apply, failed }: Following): Promise<() => void> {
  let last = await read()
  await apply(last)
  let stopped = false
  let readable = true
  let cancel: () => void = () => undefined
  const look = async (): Promise<void> => {
    const text = await read()
    readable = true
    if (text === last || stopped) return
    last = text
    await apply(text)
  }
  const wait = (): void => {
    cancel = clock.after(interval, () => {
      const before = last
      look()
        .catch((error: unknown) => {
          const unread = last === before
          if (!unread || readable) failed(error)
          if (unread) readable = false
        })
        .finally(() => {
          if (!stopped) wait()
        })
    })
  }
  wait()
  return () => {
    stopped = true
    cancel()
  }
}
