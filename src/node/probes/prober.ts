/** Probes the running containers of one pod, each probe on its own beat. */
import type { Clock } from '#base/clock.ts'
import type { Container, Probe } from '#kinds/facts/generated/types/core_v1.ts'
import type { RuntimeContainer } from '../runtime.ts'
import type { Checked } from './check.ts'
import { count, noTally, type Tally } from './tally.ts'

export type ProbeKind = 'startup' | 'readiness' | 'liveness'

export interface ProberParts {
  readonly clock: Clock
  readonly check: (container: Container, id: string, probe: Probe) => Promise<Checked>
  /** Called when a probe's result changes. */
  readonly onResult: (id: string, kind: ProbeKind, result: boolean) => void
  readonly onFailure: (container: Container, kind: ProbeKind, output: string) => void
}

export interface Prober {
  /** Probes exactly these from now on. `started` tells whether the startup probe is through. */
  keep(running: readonly { readonly container: Container; readonly runtime: RuntimeContainer }[]): void
  stop(): void
}

const kinds: readonly ProbeKind[] = ['startup', 'readiness', 'liveness']
const probeOf = (container: Container, kind: ProbeKind): Probe | undefined =>
  kind === 'startup'
    ? container.startupProbe
    : kind === 'readiness'
      ? container.readinessProbe
      : container.livenessProbe

interface Beat {
  cancel: () => void
  tally: Tally
  stopped: boolean
}

export function makeProber(parts: ProberParts): Prober {
  const beats = new Map<string, Beat>()
  const startedUp = new Set<string>()
  const begin = (container: Container, one: RuntimeContainer, kind: ProbeKind): Beat => {
    const probe = probeOf(container, kind) ?? {}
    const beat: Beat = { cancel: () => undefined, tally: noTally, stopped: false }
    const period = Math.max(1, probe.periodSeconds ?? 10) * 1000
    const wait = (milliseconds: number): void => {
      beat.cancel = parts.clock.after(milliseconds, () => void turn())
    }
    const turn = async (): Promise<void> => {
      if (kind !== 'startup' && container.startupProbe !== undefined && !startedUp.has(one.id)) return wait(200)
      const { ok, output } = await parts.check(container, one.id, probe)
      if (beat.stopped) return
      const before = beat.tally.result
      beat.tally = count(beat.tally, ok, probe)
      if (!ok) parts.onFailure(container, kind, output)
      const { result } = beat.tally
      if (kind === 'startup' && result === true) startedUp.add(one.id)
      if (result !== undefined && result !== before) parts.onResult(one.id, kind, result)
      // A startup probe's verdict is final; the container is ended or is up.
      if (!(kind === 'startup' && result !== undefined)) wait(period)
    }
    const due = one.startedAt + (probe.initialDelaySeconds ?? 0) * 1000
    wait(Math.max(0, due - parts.clock.now()))
    return beat
  }
  const end = (key: string, beat: Beat): void => {
    beat.stopped = true
    beat.cancel()
    beats.delete(key)
  }
  return {
    keep: running => {
      const wanted = new Set<string>()
      for (const { container, runtime } of running)
        for (const kind of kinds.filter(one => probeOf(container, one) !== undefined)) {
          const key = `${runtime.id} ${kind}`
          wanted.add(key)
          if (!beats.has(key)) beats.set(key, begin(container, runtime, kind))
        }
      for (const [key, beat] of beats) if (!wanted.has(key)) end(key, beat)
    },
    stop: () => {
      for (const [key, beat] of beats) end(key, beat)
    },
  }
}
