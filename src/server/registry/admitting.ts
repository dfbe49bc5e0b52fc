/** A write as admission sees it. */
import type { DeleteOptions, WriteOptions } from '#api/door.ts'
import type { Served } from '#api/kind.ts'
import type { Permit } from '#api/request.ts'
import type { Admission, AdmissionRequest, Charge, RegistryDeps } from './deps.ts'

/** Milliseconds that a request takes at most, as upstream has it. */
const longest = 60_000

/** What all writes are given with. */
export interface Asking {
  readonly permit: Permit
  readonly served: Served
  readonly dryRun?: boolean
  readonly options?: WriteOptions | DeleteOptions | undefined
  readonly warn: (text: string) => void
}

type Particular = Pick<AdmissionRequest, 'operation' | 'name' | 'namespace' | 'object' | 'old' | 'body'>

const none: WriteOptions = {}

export const admissionRequest = (
  deps: Pick<RegistryDeps, 'clock'>,
  asking: Asking,
  particular: Particular,
): AdmissionRequest => ({
  permit: asking.permit,
  served: asking.served,
  operation: particular.operation,
  subresource: particular.operation === 'DELETE' ? '' : asking.permit.subresource,
  name: particular.name,
  namespace: particular.namespace,
  object: particular.object,
  old: particular.old,
  body: particular.body,
  dryRun: asking.dryRun ?? asking.options?.dryRun === true,
  warn: asking.warn,
  options: asking.options ?? none,
  deadline: deps.clock.monotonic() + Math.min(longest, asking.options?.timeout ?? longest),
  annotations: asking.permit.notes?.annotations ?? new Map(),
})

export const uncharged: Charge = { operations: [], settle: () => undefined }

/** For the inner write of a subresource that has been admitted as what it is. */
export const admitted: Admission = { change: () => undefined, judge: () => undefined, charge: () => uncharged }

/** All steps for what is answered and not kept: bindings, evictions, tokens, streams. @throws StatusError */
export async function admit({ admission }: Pick<RegistryDeps, 'admission'>, request: AdmissionRequest): Promise<void> {
  await admission.change(request)
  await admission.judge(request)
}
