/** A setting of a running component under the name that upstream's program has for it. */

export const components = ['kube-apiserver', 'kube-controller-manager', 'kube-scheduler', 'kubelet', 'etcd'] as const
export type Component = (typeof components)[number]

export interface Flag {
  /** Without dashes. */
  readonly name: string
  /** Absent where a flag could not say it: then the note does. */
  readonly value?: string
  readonly note?: string
}

export type Flags = Readonly<Record<Component, readonly Flag[]>>

export const flag = (name: string, value: string | number | boolean): Flag => ({ name, value: String(value) })
export const note = (name: string, text: string): Flag => ({ name, note: text })

/** @returns undefined where the flag is not set */
export const valueOf = (flags: readonly Flag[], name: string): string | undefined =>
  flags.find(one => one.name === name)?.value

const goDuration = /^\+?(?:(?:\d+\.?\d*|\.\d+)(?:ms|s|m|h))+$/
const goUnits: Readonly<Record<string, number>> = { ms: 0.001, s: 1, m: 60, h: 3600 }

/** Whole seconds of a duration that Go would read, down to milliseconds: `8760h`, `1.5h`. @returns undefined for what is none */
export function secondsIn(text: string): number | undefined {
  if (text.length > 64 || !goDuration.test(text)) return undefined
  let sum = 0
  for (const [, amount, unit = ''] of text.matchAll(/([\d.]+)([a-z]+)/g)) sum += Number(amount) * (goUnits[unit] ?? 0)
  return Math.floor(sum)
}

/** Seconds as Go writes them: `1h30m0s`. */
export function duration(seconds: number): string {
  const [hours, minutes, rest] = [Math.floor(seconds / 3600), Math.floor((seconds % 3600) / 60), seconds % 60]
  return `${hours === 0 ? '' : `${hours}h`}${hours === 0 && minutes === 0 ? '' : `${minutes}m`}${rest}s`
}
