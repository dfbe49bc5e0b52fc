/** Says of each FlowSchema whether the priority level that it names is there. */
import { flowSchemas, priorityLevelConfigurations } from '#kinds/facts/generated/refs.ts'
import { keyOf } from '#api/metadata.ts'
import { type Controller, nothing, selfKey } from '#client/controller.ts'
import { stamp, withCondition } from './conditions.ts'
import { rule } from './rules.ts'
import { updateStatus } from './writes.ts'

const group = 'flowcontrol.apiserver.k8s.io'

export const flowSchemaStatus: Controller = {
  name: 'flow-schema-controller',
  watches: [
    { ref: flowSchemas, keys: selfKey },
    {
      ref: priorityLevelConfigurations,
      keys: (change, read) =>
        read
          .list(flowSchemas)
          .filter(one => one.spec.priorityLevelConfiguration.name === change.key)
          .map(keyOf),
    },
  ],
  rules: [
    rule(group, ['flowschemas', 'prioritylevelconfigurations'], ['get', 'list', 'watch']),
    rule(group, ['flowschemas/status'], ['update']),
  ],
  decide: (key, { read, now }) => {
    const schema = read.get(flowSchemas, key)
    if (schema === undefined) return nothing
    const { name } = schema.spec.priorityLevelConfiguration
    const found = read.get(priorityLevelConfigurations, name) !== undefined
    const conditions = withCondition(schema.status?.conditions as Parameters<typeof withCondition>[0], {
      type: 'Dangling',
      status: found ? 'False' : 'True',
      reason: found ? 'Found' : 'NotFound',
      message: found
        ? `This FlowSchema references the PriorityLevelConfiguration object named "${name}" and it exists`
        : `This FlowSchema references the PriorityLevelConfiguration object named "${name}" but there is no such object`,
      lastTransitionTime: stamp(now),
    })
    if (conditions === schema.status?.conditions) return nothing
    return { writes: [[updateStatus(flowSchemas, { ...schema, status: { conditions } })]] }
  },
}
