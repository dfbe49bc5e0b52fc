/** The record of a cluster: whether it is whole, and what its policy leaves out. */
import type { Attributes, Verb } from '#api/request.ts'
import { loadPolicy } from '#processes/audit.ts'
import type { ClusterConfig } from '#processes/config.ts'
import { defaultPolicy } from '#server/audit/default-policy.ts'
import { auditSettings } from '#server/audit/flags.ts'
import { chainFiles } from '#server/audit/heads.ts'
import { makeJudge } from '#server/audit/match.ts'
import { verifyChain } from '#server/audit/verify.ts'
import type { Facts } from './facts.ts'

/** What a benchmark wants on record: verb, group, resource. */
const wanted: readonly (readonly [Verb, string, string])[] = [
  ['get', '', 'secrets'],
  ['list', '', 'secrets'],
  ['watch', '', 'secrets'],
  ['create', '', 'serviceaccounts/token'],
  ['create', '', 'pods/exec'],
  ['create', '', 'pods/attach'],
  ['create', '', 'pods/portforward'],
  ['get', '', 'nodes/proxy'],
  ['create', '', 'services/proxy'],
  ['create', '', 'pods'],
  ['delete', '', 'pods'],
  ['update', '', 'configmaps'],
  ['patch', 'apps', 'deployments'],
  ['deletecollection', '', 'secrets'],
  ['create', 'rbac.authorization.k8s.io', 'clusterrolebindings'],
  ['update', 'rbac.authorization.k8s.io', 'clusterroles'],
  ['create', 'authentication.k8s.io', 'tokenreviews'],
  ['create', 'admissionregistration.k8s.io', 'validatingwebhookconfigurations'],
  ['update', 'certificates.k8s.io', 'certificatesigningrequests/approval'],
]

const asked = ([verb, group, what]: (typeof wanted)[number]): Attributes => {
  const [resource = '', subresource = ''] = what.split('/')
  return {
    verb,
    group,
    version: 'v1',
    resource,
    subresource,
    namespace: 'default',
    name: 'x',
    resourceRequest: true,
    path: '',
  }
}

/** @throws Error for a policy that cannot be read */
export function policyFacts({ audit = {} }: ClusterConfig): Facts['auditPolicy'] {
  const file = auditSettings(audit).policyFile
  const judge = makeJudge(file === undefined ? defaultPolicy(false) : loadPolicy(file))
  const somebody = { name: 'somebody', groups: ['system:authenticated'], uid: '', extra: {}, source: 'x509' }
  const misses = wanted.filter(one => judge(somebody, asked(one)).level === 'None')
  return { file, misses: misses.map(([verb, group, what]) => `${verb} ${what}${group === '' ? '' : `.${group}`}`) }
}

/** @param dir of the chain */
export async function recordFacts(dir: string): Promise<Facts['audit']> {
  const verdict = await verifyChain(chainFiles(dir))
  if (verdict === undefined) return undefined
  return verdict.problem === undefined
    ? { whole: true, says: `${verdict.records} records, whole and in order up to ${verdict.last}` }
    : { whole: false, says: `${verdict.problem.place}: ${verdict.problem.message}` }
}
