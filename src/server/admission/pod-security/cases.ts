/** For tests: how a pod is told that a level refuses, in which versions and with which words, or lets in. */
import type { Level, Version } from './levels.ts'

/** What a pod has beside what every pod of its level has. */
export interface Give {
  readonly spec?: object
  /** Of the pod's security context. */
  readonly context?: object
  /** Of container `main`. */
  readonly main?: object
  /** Of the security contexts of `main`, of `init`, which starts first, and of `debug`, which is added later. */
  readonly secure?: object
  readonly init?: object
  readonly debug?: object
  readonly annotations?: Readonly<Record<string, string>>
}

type Judging = Exclude<Level, 'privileged'>

export interface Case {
  readonly check: string
  /** Of the namespace; both unless given. */
  readonly level?: Judging
  readonly give: Give
  /** As a refusal has it; '' where nothing is refused. */
  readonly text: string
  /** The first version that refuses, 0 unless given, and the first one after it that does not. */
  readonly from?: Version
  readonly until?: Version
  /** Nothing that the API takes: other rules refuse it before. */
  readonly unit?: true
}

const strictPod = { runAsNonRoot: true, seccompProfile: { type: 'RuntimeDefault' } }
const strict = { allowPrivilegeEscalation: false, capabilities: { drop: ['ALL'] } }
const image = 'registry.example/app:1'

/** The least pod that every version of a level lets in, with what is given. */
export function podOf(level: Level, give: Give = {}) {
  const [ofPod, ofContainer] = level === 'restricted' ? [strictPod, strict] : [{}, {}]
  const container = (name: string, context: object, more: object = {}) => ({
    name,
    image,
    ...more,
    securityContext: { ...ofContainer, ...context },
  })
  return {
    metadata: give.annotations === undefined ? {} : { annotations: give.annotations },
    spec: {
      securityContext: { ...ofPod, ...give.context },
      containers: [container('main', give.secure ?? {}, give.main)],
      ...(give.init === undefined ? {} : { initContainers: [container('init', give.init)] }),
      ...(give.debug === undefined ? {} : { ephemeralContainers: [container('debug', give.debug)] }),
      ...give.spec,
    },
  }
}

export const ofType = (type: string) => ({ type, ...(type === 'Localhost' ? { localhostProfile: 'x.json' } : {}) })
export const volume = (source: object): Give => ({ spec: { volumes: [{ name: 'v', ...source }] } })
/** Root in the pod is nobody outside. */
export const ownUsers = { hostUsers: false }

/** @returns what a namespace of this level and version says of the case, '' for nothing. */
export const expected = ({ text, from = 0, until = Infinity }: Case, version: Version): string =>
  version >= from && (version < until || until === Infinity) ? text : ''
