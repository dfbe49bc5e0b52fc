/** Which values of an object look like secrets. Says where and what it looks like, never a part of the value. */
import type { ConfigMap, PodTemplateSpec } from '#kinds/facts/generated/types/core_v1.ts'
import type { KObject } from '#api/metadata.ts'
import { knownForm } from './forms.ts'
import { guess, isSecretive, promise, tellingLine } from './names.ts'

export interface Found {
  /** `data[app.properties], line 3`. */
  readonly place: string
  /** `a GitHub token`. */
  readonly is: string
}

/** Nothing shorter is a secret that anything could tell. */
const shortest = 8

/** Keys are other people's text, too. */
const longestKey = 100
const shown = (key: string): string =>
  (key.length > longestKey ? `${key.slice(0, longestKey)}…` : key).replaceAll(/[^\x20-\x7e…]/g, '?')

/** @param at makes the text of the place, which is needed for few. */
function lookAt(name: string, value: string, at: () => string): Found | undefined {
  if (value.length < shortest) return undefined
  const is = knownForm(value)
  if (is !== undefined) return { place: at(), is }
  const promised = promise(name)
  if (promised !== undefined && isSecretive(value.trim(), promised)) return { place: at(), is: guess }
  const line = value.includes('\n') || value.includes('=') ? tellingLine(value) : undefined
  return line === undefined ? undefined : { place: value.includes('\n') ? `${at()}, line ${line}` : at(), is: guess }
}

type Texts = Readonly<Record<string, string>>

/** Values that were there before are no news. */
function ofTexts(texts: Texts | undefined, old: Texts | undefined, path: string): readonly Found[] {
  if (texts === undefined || texts === old) return []
  return Object.entries(texts).flatMap(([key, value]) => {
    if (value === old?.[key]) return []
    const found = lookAt(key, value, () => `${path}[${shown(key)}]`)
    return found === undefined ? [] : [found]
  })
}

/** A copy of the object itself, which is looked at already. */
const lastApplied = 'kubectl.kubernetes.io/last-applied-configuration'

export function ofAnnotations(object: KObject, old: KObject | undefined): readonly Found[] {
  const annotations = object.metadata.annotations
  if (annotations === undefined || annotations === old?.metadata.annotations) return []
  const { [lastApplied]: _, ...others } = annotations
  return ofTexts(others, old?.metadata.annotations, 'metadata.annotations')
}

export function ofConfigMap(object: KObject, old: KObject | undefined): readonly Found[] {
  const { data, binaryData } = object as ConfigMap
  const before = old as ConfigMap | undefined
  const binary = Object.entries(binaryData ?? {}).flatMap(([key, value]) => {
    if (value === before?.binaryData?.[key]) return []
    const is = knownForm(Buffer.from(value, 'base64').toString('latin1'))
    return is === undefined ? [] : [{ place: `binaryData[${shown(key)}]`, is }]
  })
  return [...ofTexts(data, before?.data, 'data'), ...binary]
}

const lists = ['initContainers', 'containers', 'ephemeralContainers'] as const
type Containers = readonly {
  readonly name?: string
  readonly env?: readonly { readonly name: string; readonly value?: string }[]
}[]

/** Every value that an environment had before, by container and name. */
function envOf(template: PodTemplateSpec | undefined): ReadonlyMap<string, string> {
  const known = new Map<string, string>()
  for (const list of lists)
    for (const { name = '', env } of (template?.spec?.[list] ?? []) as Containers)
      for (const one of env ?? []) if (one.value !== undefined) known.set(`${list} ${name} ${one.name}`, one.value)
  return known
}

const hasEnv = (template: PodTemplateSpec): boolean =>
  lists.some(list => (template.spec?.[list] as Containers | undefined)?.some(one => one.env !== undefined) === true)

/** @param path of the pod's own fields, `spec.template.` for example */
export function ofTemplate(
  template: PodTemplateSpec,
  old: PodTemplateSpec | undefined,
  path: string,
): readonly Found[] {
  if (template.spec === old?.spec || !hasEnv(template)) return []
  const before = old === undefined ? undefined : envOf(old)
  const all: Found[] = []
  for (const list of lists)
    for (const { name = '', env = [] } of (template.spec?.[list] ?? []) as Containers)
      for (const { name: variable, value } of env) {
        if (value === undefined || value.length < shortest) continue
        if (before?.get(`${list} ${name} ${variable}`) === value) continue
        const found = lookAt(variable, value, () => `${path}spec.${list}[${shown(name)}].env[${shown(variable)}]`)
        if (found !== undefined) all.push(found)
      }
  return all
}
