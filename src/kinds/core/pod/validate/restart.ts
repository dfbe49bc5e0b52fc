/** When one container of a pod is started again, where that is not for the whole pod to say. */
import type { Container } from '#kinds/facts/generated/types/core_v1.ts'
import type { Place } from '../../../place.ts'

const policies = ['Always', 'Never', 'OnFailure']
const actions = ['Restart', 'RestartAllContainers']
const operators = ['In', 'NotIn']
const mostRules = 20
const mostCodes = 255

export function checkRestart(place: Place, container: Container): void {
  const { restartPolicy: policy, restartPolicyRules: rules = [] } = container
  if (policy === undefined) {
    if (rules.length > 0) place.at('restartPolicy').required('must specify restartPolicy when restart rules are used')
  } else if (!policies.includes(policy)) place.at('restartPolicy').unsupported(policy, policies)
  if (rules.length > mostRules) place.at('restartPolicyRules').tooMany(rules.length, mostRules)
  place.at('restartPolicyRules').each(rules, (rule, at) => {
    if (!actions.includes(rule.action)) at.at('action').unsupported(rule.action, actions)
    const { exitCodes } = rule
    if (exitCodes === undefined) return at.at('exitCodes').required('must be specified')
    if (!operators.includes(exitCodes.operator)) at.at('exitCodes.operator').unsupported(exitCodes.operator, operators)
    const codes = exitCodes.values?.length ?? 0
    if (codes > mostCodes) at.at('exitCodes.values').tooMany(codes, mostCodes)
    return undefined
  })
}
