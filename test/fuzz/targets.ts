/** Everything that is fuzzed. */
import type { Target } from './target.ts'
import { quantities, times } from './targets/amounts.ts'
import { apply } from './targets/apply.ts'
import { archive } from './targets/archive.ts'
import { cel } from './targets/cel.ts'
import { certificateRequests } from './targets/certificate-requests.ts'
import { kinds, paths } from './targets/columns.ts'
import { custom } from './targets/custom.ts'
import { json } from './targets/json.ts'
import { policies } from './targets/network-policies.ts'
import { jsonPatch, merge, strategic } from './targets/patches.ts'
import { protobuf } from './targets/protobuf.ts'
import { rbac } from './targets/rbac.ts'
import { deletions, requests } from './targets/requests.ts'
import { fieldSelectors, labelSelectors } from './targets/selectors.ts'
import { tokens } from './targets/tokens.ts'
import { dns, spdy } from './targets/wire.ts'
import { yaml } from './targets/yaml.ts'

export const targets: readonly Target[] = [
  json,
  yaml,
  protobuf,
  strategic,
  jsonPatch,
  merge,
  apply,
  labelSelectors,
  fieldSelectors,
  cel,
  custom,
  archive,
  tokens,
  rbac,
  requests,
  deletions,
  quantities,
  times,
  spdy,
  dns,
  paths,
  kinds,
  certificateRequests,
  policies,
]
