import { pathSegment } from '#api/names.ts'
import { type FieldError, duplicate, immutable, invalidValue, required, tooMany } from '#api/validation.ts'
import { type BulwarkUser, bulwarkUsers } from '#kinds/facts/bulwark.ts'
import { age, name, text } from '../columns.ts'
import { ownKind } from './define.ts'

const longest = 253
const most = 64

/** Names that nobody outside gives, and such as would not be told apart on a screen. */
function nameErrors(path: string, value: string): readonly FieldError[] {
  if (value === '') return [required(path)]
  if (value.length > longest) return [invalidValue(path, value, `must be no more than ${longest} characters`)]
  if (/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/u.test(value) || value !== value.trim())
    return [invalidValue(path, value, 'must not begin or end with a space, nor hold characters that cannot be seen')]
  return value.startsWith('system:') ? [invalidValue(path, value, 'must not begin with system:')] : []
}

function listErrors(path: string, values: readonly string[]): readonly FieldError[] {
  if (values.length > most) return [tooMany(path, values.length, most)]
  return values.flatMap((value, index) => [
    ...nameErrors(`${path}[${index}]`, value),
    ...(values.indexOf(value) < index ? [duplicate(`${path}[${index}]`, value)] : []),
  ])
}

function validate(user: BulwarkUser, old: BulwarkUser | undefined): readonly FieldError[] {
  const { username = '', aliases = [], groups = [], fullName = '' } = user.spec ?? {}
  return [
    ...nameErrors('spec.username', username),
    ...(old !== undefined && old.spec?.username !== username ? [immutable('spec.username', username)] : []),
    ...(fullName === '' ? [] : nameErrors('spec.fullName', fullName)),
    ...listErrors('spec.aliases', aliases),
    ...listErrors('spec.groups', groups),
  ]
}

export const User = ownKind(bulwarkUsers, {
  counted: true,
  validName: pathSegment,
  subresources: [{ name: 'credentials', kind: 'UserCredential', verbs: ['create'] }],
  defaults: user => {
    // The part may be shared: it is given up, not changed.
    if (user.spec?.username === undefined) user.spec = { ...user.spec, username: user.metadata.name ?? '' }
  },
  validate: (user, { old }) => validate(user, old),
  columns: [
    name,
    text('Username', ({ spec }) => spec?.username ?? ''),
    text('Groups', ({ spec }) => (spec?.groups ?? []).join(',')),
    text('Disabled', ({ spec }) => (spec?.disabled === true ? 'true' : 'false')),
    age,
  ],
})
