/** The bindings of a policy that ask about a request, each with the parameters it asks with. */
import type { KObject } from '#api/metadata.ts'
import type { AdmissionRequest } from '#server/registry/deps.ts'
import type { Match } from '../webhook/match.ts'
import type { Active, BindingObject, PolicyObject } from './active.ts'
import { PolicyFailure, matched } from './matching.ts'
import { type ParamParts, collectParams, requireParams } from './params.ts'
import { paramsNamespace } from './subject.ts'

export interface Asking<B> {
  readonly binding: B
  readonly match: Match
  /** Never empty; undefined stands for none when the policy wants none. */
  readonly params: readonly (KObject | undefined)[]
}

/** Hears why a policy, or one of its bindings, cannot be asked. */
type Fail<B> = (binding: B | undefined, message: string) => void

/** One after the other: what a binding says comes before the failures of the next. */
export async function* askingOf<P extends PolicyObject, B extends BindingObject>(
  { parts, request }: { readonly parts: ParamParts; readonly request: AdmissionRequest },
  { policy, criteria, bindings }: Active<P, B>,
  fail: Fail<B>,
): AsyncGenerator<Asking<B>, void> {
  const found = await attempted(fail, undefined, () => {
    const match = matched(parts, criteria, request)
    return match === undefined ? undefined : { match, served: requireParams(parts, policy.spec.paramKind) }
  })
  if (found === undefined) return
  const { match, served } = found
  for (const { binding, criteria: own } of bindings) {
    const params = await attempted(fail, binding, () => {
      if (own !== undefined && matched(parts, own, request) === undefined) return undefined
      return collectParams(parts, { served, ref: binding.spec.paramRef, namespace: paramsNamespace(request) })
    })
    if (params !== undefined && params.length > 0) yield { binding, match, params }
  }
}

/** @returns undefined when it failed, and that has been told. */
async function attempted<T, B>(
  fail: Fail<B>,
  binding: B | undefined,
  run: () => T | Promise<T>,
): Promise<T | undefined> {
  try {
    return await run()
  } catch (error) {
    if (!(error instanceof PolicyFailure)) throw error
    fail(binding, `failed to configure ${binding === undefined ? 'policy' : 'binding'}: ${error.message}`)
    return undefined
  }
}
