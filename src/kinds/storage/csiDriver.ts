import { age, boolean, name, text } from '../columns.ts'
import { defineKind } from '../define.ts'
import { validateCSIDriver } from './validate.ts'
import { fill, owned } from '../fill.ts'
import type { CSIDriverSpec } from '#kinds/facts/generated/types/storage_v1.ts'
import { csiDrivers } from '#kinds/facts/generated/refs.ts'

const ofSpec: Partial<CSIDriverSpec> = {
  attachRequired: true,
  podInfoOnMount: false,
  storageCapacity: false,
  fsGroupPolicy: 'ReadWriteOnceWithFSType',
  requiresRepublish: false,
  seLinuxMount: false,
}

export const CSIDriver = defineKind(csiDrivers, {
  counted: true,
  returnsDeleted: true,
  defaults: driver => {
    const spec = fill<CSIDriverSpec>(driver.spec ?? {}, ofSpec)
    driver.spec = owned(
      (spec.volumeLifecycleModes?.length ?? 0) > 0 ? spec : { ...spec, volumeLifecycleModes: ['Persistent'] },
    )
  },
  validate: validateCSIDriver,
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
