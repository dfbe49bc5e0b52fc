/** Everything that a cluster's own components may do, as the objects that the server writes at each start. */
import type { Controller } from '#client/controller.ts'
import { schedulerRules } from '#scheduler/index.ts'
import {
  type Policy,
  answersPolicy,
  controllerPolicy,
  kubeletPolicy,
  networkPolicy,
  peoplePolicy,
  usagePolicy,
} from './policy.ts'
import { secretsPolicy } from './secrets-policy.ts'
import { schedulerName } from './work.ts'

export function ownPolicy(controllers: readonly Pick<Controller, 'name' | 'rules'>[]): Policy {
  const all = [
    controllerPolicy([...controllers, { name: schedulerName, rules: schedulerRules }]),
    networkPolicy,
    usagePolicy,
    peoplePolicy,
    answersPolicy,
    secretsPolicy,
    kubeletPolicy,
  ]
  return { roles: all.flatMap(one => one.roles), bindings: all.flatMap(one => one.bindings) }
}
