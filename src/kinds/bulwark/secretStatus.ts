import { secretStatuses, type SecretStatus as Status } from '#kinds/facts/secrets.ts'
import { age, name, text } from '../columns.ts'
import { ownKind } from './define.ts'

const isTrue = (object: Status, type: string): string =>
  object.status?.conditions?.find(one => one.type === type)?.status ?? ''

export const SecretStatus = ownKind(secretStatuses, {
  status: true,
  registersStatus: true,
  columns: [
    name,
    text('Type', ({ status }) => status?.type ?? ''),
    text('Expires', ({ status }) => status?.expiresAt ?? ''),
    text('Expired', object => isTrue(object, 'Expired')),
    text('Rotation Due', ({ status }) => status?.rotationDueAt ?? ''),
    age,
  ],
})
