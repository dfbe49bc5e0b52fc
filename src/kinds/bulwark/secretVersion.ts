import { pathSegment } from '#api/names.ts'
import { bulwarkType } from '#kinds/facts/bulwark.ts'
import { secretVersions } from '#kinds/facts/secrets.ts'
import { age, integer, name, text } from '../columns.ts'
import { assembled } from '../define.ts'

/** Written by the server alone, with the write that replaces them: what nobody can write nobody can make others go back to. */
const verbs = ['delete', 'deletecollection', 'get', 'list', 'watch']

export const SecretVersion = assembled(
  secretVersions,
  { versions: [{ name: secretVersions.version, schema: () => bulwarkType(secretVersions.kind) }], verbs },
  {
    validName: pathSegment,
    selectableFields: { secretName: version => version.secretName },
    columns: [
      name,
      text('Secret', version => version.secretName),
      integer('Revision', version => version.revision),
      text('Type', version => version.type ?? ''),
      text('Data', version => Object.keys(version.data ?? {}).length),
      age,
    ],
  },
)
