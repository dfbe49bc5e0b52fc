/** What the controllers of pods have in common: selectors, templates, counts, how many at a time. */
import { equal } from '#base/equal.ts'
import { percentage } from '#api/names.ts'
import type { PodTemplateSpec } from '#kinds/facts/generated/types/core_v1.ts'
import type { LabelSelector } from '#kinds/facts/generated/types/meta_v1.ts'
import { checkTemplate } from '../core/pod/validate/template.ts'
import { checkSelector, isEmptySelector, matches } from '../meta.ts'
import type { Place } from '../place.ts'

export interface Controller {
  readonly selector: LabelSelector | undefined
  readonly template: PodTemplateSpec
}

/** A number, or a share such as `25%`. */
export type Amount = number | string | undefined

export function checkAmountOrShare(place: Place, amount: Amount): void {
  if (typeof amount === 'string') place.format(amount, percentage)
  else place.nonNegative(amount)
}

export const shareOf = (amount: Amount): number =>
  typeof amount === 'number' ? amount : percentage(amount ?? '').length === 0 ? Number.parseInt(amount ?? '', 10) : 0

export function checkNotMoreThanAll(place: Place, amount: Amount): void {
  if (typeof amount === 'string' && shareOf(amount) > 100) place.invalid(amount, 'must not be greater than 100%')
}

/** A selector that picks something, and picks what the template makes. */
export function checkSelection(place: Place, { selector, template }: Controller, what: string): void {
  const at = place.at('selector')
  if (selector === undefined) return at.required()
  checkSelector(at, selector)
  if (isEmptySelector(selector)) return at.invalid(selector, `empty selector is invalid for ${what}`)
  const labels = template.metadata?.labels
  if (!matches(selector, labels))
    place.at('template.metadata.labels').invalid(labels ?? null, '`selector` does not match template `labels`')
  return undefined
}

/** Pods that a controller replaces are never done by themselves. */
export function checkForever(place: Place, template: PodTemplateSpec, what: string): void {
  const { restartPolicy, activeDeadlineSeconds } = template.spec
  if (restartPolicy !== 'Always') place.at('spec.restartPolicy').unsupported(restartPolicy, ['Always'])
  if (activeDeadlineSeconds !== undefined)
    place.at('spec.activeDeadlineSeconds').forbidden(`activeDeadlineSeconds in ${what} is not Supported`)
}

export function checkLastingTemplate(place: Place, template: PodTemplateSpec, what: string): void {
  checkTemplate(place, template)
  checkForever(place, template, what)
}

export function checkFixed(place: Place, next: unknown, old: unknown): void {
  if (!equal(next, old)) place.immutable(next)
}

type Counts = Readonly<Record<string, number | undefined>>

/** @param bounded the counts that cannot be more than `replicas`. */
export function checkCounts(place: Place, status: Counts, bounded: readonly string[]): void {
  for (const [name, count] of Object.entries(status)) place.at(name).nonNegative(count)
  const { replicas = 0, readyReplicas = 0, availableReplicas = 0 } = status
  for (const name of bounded)
    if ((status[name] ?? 0) > replicas) place.at(name).invalid(status[name], 'cannot be greater than status.replicas')
  if (availableReplicas > readyReplicas)
    place.at('availableReplicas').invalid(availableReplicas, 'cannot be greater than readyReplicas')
}

export function checkCollisions(place: Place, next: number | undefined, old: number | undefined): void {
  if ((next ?? 0) < (old ?? 0)) place.at('collisionCount').invalid(next ?? 0, 'cannot be decremented')
}
