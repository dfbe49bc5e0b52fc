import { age, boolean, name, text } from '../columns.ts'
import { defineKind } from '../define.ts'
import { csiDrivers } from '#kinds/facts/generated/refs.ts'

export const CSIDriver = defineKind(csiDrivers, {
  counted: true,
  returnsDeleted: true,
  columns: [
    name,
    boolean('AttachRequired', driver => driver.spec.attachRequired ?? true),
    boolean('PodInfoOnMount', driver => driver.spec.podInfoOnMount ?? false),
    boolean('StorageCapacity', driver => driver.spec.storageCapacity ?? false),
    text('TokenRequests', driver => driver.spec.tokenRequests?.map(one => one.audience).join(',') ?? '<unset>'),
    boolean('RequiresRepublish', driver => driver.spec.requiresRepublish ?? false),
    text('Modes', driver => driver.spec.volumeLifecycleModes?.join(',') || '<none>'),
    age,
  ],
})
