/** What policies came to, under upstream's names. */
import { Counter, labelText } from '#base/metrics.ts'

export interface Decided {
  readonly policy: string
  readonly binding: string
  readonly action: 'allow' | 'deny' | 'warn' | 'audit'
  /** Of what went wrong, '' where nothing did. */
  readonly error: string
}

export interface PolicyMetrics {
  validated(decided: Decided): void
  mutated(decided: Omit<Decided, 'action'>): void
  lines(): Iterable<string>
}

function typeOf(error: string): string {
  if (error === '') return 'no_error'
  if (error.startsWith('compilation')) return 'compile_error'
  return error.startsWith('validation failed due to running out of cost budget') ? 'out_of_budget' : 'invalid_error'
}

const common = ({ policy, binding, error }: Omit<Decided, 'action'>): readonly (readonly [string, string])[] => [
  ['error_type', typeOf(error)],
  ['policy', policy],
  ['policy_binding', binding],
]

export function makePolicyMetrics(): PolicyMetrics {
  const validated = new Counter('apiserver_validating_admission_policy_check_total')
  const mutated = new Counter('apiserver_mutating_admission_policy_check_total')
  return {
    validated: decided => validated.add(labelText([['enforcement_action', decided.action], ...common(decided)])),
    mutated: decided => mutated.add(labelText(common(decided))),
    lines: function* () {
      yield* validated.lines()
      yield* mutated.lines()
    },
  }
}
