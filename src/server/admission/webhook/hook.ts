/** Webhooks as they are asked: configurations by name, each with its hooks in their order. */
import type {
  MutatingWebhook,
  MutatingWebhookConfiguration,
  ValidatingWebhook,
  ValidatingWebhookConfiguration,
} from '#kinds/facts/generated/types/admissionregistration_v1.ts'
import type { KObject } from '#api/metadata.ts'
import type { Blame } from '#api/status.ts'
import { type LabelSelector, type Selector, fromLabelSelector } from '#api/selector.ts'

export interface Hook<W extends MutatingWebhook | ValidatingWebhook = MutatingWebhook | ValidatingWebhook> {
  readonly webhook: W
  /** Name of the configuration that it is part of. */
  readonly configuration: string
  readonly kind: 'MutatingWebhookConfiguration' | 'ValidatingWebhookConfiguration'
  /** Tells it from all others, also from those of the same name. */
  readonly id: string
  /** Undefined selects everything. */
  readonly namespaces: Selector | undefined
  readonly objects: Selector | undefined
}

/** The configuration and its webhook, as the one that refused. */
export const blameOf = ({ configuration, kind, webhook }: Hook): Blame => ({
  by: kind === 'ValidatingWebhookConfiguration' ? 'ValidatingAdmissionWebhook' : 'MutatingAdmissionWebhook',
  object: { kind, name: configuration },
  line: `webhooks[name=${JSON.stringify(webhook.name)}]`,
})

const parsed = (selector: LabelSelector | undefined): Selector | undefined => {
  const made = selector === undefined ? undefined : fromLabelSelector(selector)
  return made === undefined || made.length === 0 ? undefined : made
}

function hooksOf<W extends MutatingWebhook | ValidatingWebhook>(
  kind: Hook['kind'],
  configuration: string,
  webhooks: readonly W[],
): readonly Hook<W>[] {
  const seen = new Map<string, number>()
  return webhooks.map(webhook => {
    const count = seen.get(webhook.name) ?? 0
    seen.set(webhook.name, count + 1)
    return {
      webhook,
      configuration,
      kind,
      id: `${configuration}/${webhook.name}/${count}`,
      namespaces: parsed(webhook.namespaceSelector),
      objects: parsed(webhook.objectSelector),
    }
  })
}

export const mutatingHooks = (configurations: Iterable<KObject>): readonly Hook<MutatingWebhook>[] =>
  [...configurations].flatMap(one =>
    hooksOf(
      'MutatingWebhookConfiguration',
      one.metadata.name ?? '',
      (one as MutatingWebhookConfiguration).webhooks ?? [],
    ),
  )

export const validatingHooks = (configurations: Iterable<KObject>): readonly Hook<ValidatingWebhook>[] =>
  [...configurations].flatMap(one =>
    hooksOf(
      'ValidatingWebhookConfiguration',
      one.metadata.name ?? '',
      (one as ValidatingWebhookConfiguration).webhooks ?? [],
    ),
  )
