import { age, boolean, name, text } from '../columns.ts'
import { defineKind } from '../define.ts'
import { validateAttachment } from './validate.ts'
import { volumeAttachments } from '#kinds/facts/generated/refs.ts'

export const VolumeAttachment = defineKind(volumeAttachments, {
  status: true,
  returnsDeleted: true,
  defaults: object => {
    object.status ??= { attached: false }
  },
  validate: validateAttachment,
  columns: [
    name,
    { ...text('Attacher', object => object.spec.attacher), format: 'name' },
    text('PV', object => object.spec.source.persistentVolumeName ?? ''),
    text('Node', object => object.spec.nodeName),
    boolean('Attached', object => object.status?.attached ?? false),
    age,
  ],
})
