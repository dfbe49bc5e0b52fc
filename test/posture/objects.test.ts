/** Each group of controls that looks at objects is made to fail through the API, and names the object and the line. */
import assert from 'node:assert/strict'
import { afterEach, beforeEach, test } from 'node:test'
import { nsa } from '../../src/posture/nsa.ts'
import { junitReport, xml } from '../../src/posture/report/junit.ts'
import { markdownReport } from '../../src/posture/report/markdown.ts'
import { sarifReport } from '../../src/posture/report/sarif.ts'
import { textReport } from '../../src/posture/report/text.ts'
import { judgeCluster } from '../../src/posture/run.ts'
import { upstreamSettings } from '../../src/server/admission/pod-security/settings.ts'
import { type Wire, openWire } from '../api/wire.ts'
import { type Different, factsOf, told } from './setting.ts'

const rbac = '/apis/rbac.authorization.k8s.io/v1'
let wire: Wire

beforeEach(async () => {
  // The weakest that one can configure: what comes in unlabelled is judged by nobody.
  wire = await openWire({
    controllers: false,
    plugins: { disable: ['ServiceAccount'] },
    admissionConfiguration: {
      apiVersion: 'apiserver.config.k8s.io/v1',
      kind: 'AdmissionConfiguration',
      plugins: [
        {
          name: 'PodSecurity',
          configuration: {
            apiVersion: 'pod-security.admission.config.k8s.io/v1',
            kind: 'PodSecurityConfiguration',
            defaults: { enforce: 'privileged', audit: 'privileged', warn: 'privileged' },
          },
        },
      ],
    },
  })
})
afterEach(() => wire.stop())

const says = async (id: string, different: Different = {}): Promise<string> => told(await factsOf(wire, different), id)

async function make(path: string, body: object): Promise<void> {
  const { status, text } = await wire.call('POST', path, { body })
  assert.equal(status, 201, text)
}

const namespace = (name: string, labels: object = {}) => make('/api/v1/namespaces', { metadata: { name, labels } })
const role = (name: string, rules: readonly object[]) => make(`${rbac}/clusterroles`, { metadata: { name }, rules })
const subject = (text: string) => {
  const [kind = '', name = '', home] = text.split(' ')
  return home === undefined ? { kind, name, apiGroup: 'rbac.authorization.k8s.io' } : { kind, name, namespace: home }
}
interface More {
  readonly labels?: object
  readonly namespace?: string
}
function bind(
  name: string,
  ref: string,
  { who, labels = {}, namespace: where }: More & { who: string },
): Promise<void> {
  const path = where === undefined ? `${rbac}/clusterrolebindings` : `${rbac}/namespaces/${where}/rolebindings`
  return make(path, {
    metadata: { name, labels },
    roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: ref },
    subjects: [subject(who)],
  })
}

async function pod(where: string, spec: object, container: object = {}): Promise<void> {
  await make(`/api/v1/namespaces/${where}/pods`, {
    metadata: { name: 'evil' },
    spec: { containers: [{ name: 'c', image: 'busybox', ...container }], ...spec },
  })
}

test('a wildcard role bound to a service account, and to nobody', async () => {
  await role('too-much', [
    { verbs: ['get'], apiGroups: [''], resources: ['pods'] },
    { verbs: ['*'], apiGroups: ['*'], resources: ['*'] },
  ])
  assert.match(await says('5.1.3'), /^ClusterRole\/too-much: rules\[1\]: .*"verbs":\["\*"\].*bound to nobody$/)
  await bind('too-much', 'too-much', { who: 'ServiceAccount builder shop' })
  assert.match(await says('5.1.3'), /bound to ServiceAccount shop\/builder$/)
  // What can do everything can do each of the rest.
  for (const id of ['5.1.2', '5.1.4', '5.1.8', '5.1.9', '5.1.10', '5.1.11', '5.1.12', '5.1.13'])
    assert.match(
      await says(id),
      /^ClusterRoleBinding\/too-much: ServiceAccount shop\/builder has ClusterRole\/too-much rules\[1\]: /m,
      id,
    )
})

test('a wildcard that was added to a role of the system', async () => {
  const { json } = await wire.call('GET', `${rbac}/clusterroles/system:basic-user`)
  const rules = [...json.rules, { verbs: ['*'], apiGroups: [''], resources: ['secrets'] }]
  const put = await wire.call('PUT', `${rbac}/clusterroles/system:basic-user`, { body: { ...json, rules } })
  assert.equal(put.status, 200)
  assert.match(await says('5.1.3'), /^ClusterRole\/system:basic-user: rules\[\d\]: /)
  // Its binding is the system's own, and its subjects are: what they get by it is not.
  assert.match(
    await says('5.1.2'),
    /^ClusterRoleBinding\/system:basic-user: Group system:authenticated has ClusterRole\/system:basic-user/,
  )
})

test('each right by itself, and a label that poses as the system', async () => {
  const rights: readonly (readonly [string, string, string, string])[] = [
    ['5.1.2', 'list', '', 'secrets'],
    ['5.1.4', 'create', 'batch', 'cronjobs'],
    ['5.1.8', 'impersonate', '', 'groups'],
    ['5.1.8', 'escalate', 'rbac.authorization.k8s.io', 'clusterroles'],
    ['5.1.9', 'create', '', 'persistentvolumes'],
    ['5.1.10', 'get', '', 'nodes/proxy'],
    ['5.1.11', 'update', 'certificates.k8s.io', 'certificatesigningrequests/approval'],
    ['5.1.12', 'patch', 'admissionregistration.k8s.io', 'mutatingwebhookconfigurations'],
    ['5.1.13', 'create', '', 'serviceaccounts/token'],
  ]
  for (const [at, [id, verb, group, resource]] of rights.entries()) {
    const name = `right-${at}`
    await role(name, [{ verbs: [verb], apiGroups: [group], resources: [resource] }])
    await bind(name, name, { who: `User eve-${at}`, labels: { 'kubernetes.io/bootstrapping': 'rbac-defaults' } })
    const line = `ClusterRoleBinding/${name}: User eve-${at} has ClusterRole/${name} rules[0]: ${verb} on ${resource}`
    const lines = (await says(id)).split('\n')
    assert.ok(lines.includes(line), `${line} is not among\n${lines.join('\n')}`)
  }
})

test('somebody who was added to a binding of the system', async () => {
  const path = `${rbac}/clusterrolebindings/cluster-admin`
  const { json } = await wire.call('GET', path)
  const body = { ...json, subjects: [...json.subjects, subject('User eve')] }
  assert.equal((await wire.call('PUT', path, { body })).status, 200)
  assert.equal(await says('5.1.1'), 'ClusterRoleBinding/cluster-admin: roleRef: cluster-admin, subjects: User eve')
  assert.match(await says('3.1.1'), /ClusterRoleBinding\/cluster-admin: subjects: User eve/)
  assert.match(told(await factsOf(wire), 'A4', nsa), /User eve/)
})

test('what is everybody in one namespace, and somebody who is known by name there', async () => {
  await namespace('shop')
  await bind('developers', 'edit', { who: 'User alice', namespace: 'shop' })
  assert.equal(await says('5.1.2'), 'pass')
  await bind('open', 'view-secrets', { who: 'Group system:authenticated', namespace: 'shop' })
  await role('view-secrets', [{ verbs: ['get'], apiGroups: [''], resources: ['secrets'] }])
  assert.match(
    await says('5.1.2'),
    /^RoleBinding\/shop\/open: Group system:authenticated has ClusterRole\/view-secrets rules\[0\]: get on secrets$/,
  )
})

test('a default service account with rights, tokens for nothing, lasting tokens', async () => {
  await namespace('shop')
  await bind('pods', 'view', { who: 'ServiceAccount default shop', namespace: 'shop' })
  assert.match(
    await says('5.1.5'),
    /^RoleBinding\/shop\/pods: subjects: ServiceAccount shop\/default gets ClusterRole view$/,
  )
  await pod('default', {})
  assert.match(await says('5.1.6'), /^Pod\/default\/evil: .*its token is mounted$/)
  await bind('masters', 'view', { who: 'Group system:masters' })
  assert.match(await says('5.1.7'), /^ClusterRoleBinding\/masters: subjects: Group system:masters/)
  await make('/api/v1/namespaces/shop/secrets', {
    metadata: { name: 'lasting', annotations: { 'kubernetes.io/service-account.name': 'default' } },
    type: 'kubernetes.io/service-account-token',
    data: { token: 'c2VjcmV0' },
  })
  assert.match(await says('3.1.2'), /^Secret\/shop\/lasting: type: kubernetes\.io\/service-account-token, of default/)
  await make('/api/v1/namespaces/kube-system/secrets', {
    metadata: { name: 'bootstrap-token-abcdef' },
    type: 'bootstrap.kubernetes.io/token',
    stringData: {
      'token-id': 'abcdef',
      'token-secret': '0123456789abcdef',
      'usage-bootstrap-authentication': 'true',
      'auth-extra-groups': 'system:bootstrappers:admins',
    },
  })
  const bootstrap = await says('3.1.3')
  assert.match(bootstrap, /expiration is not set/)
  assert.match(bootstrap, /auth-extra-groups: system:bootstrappers:admins/)
  const everything = textReport([judgeCluster('cis', await factsOf(wire))], true)
  assert.doesNotMatch(everything, /0123456789abcdef|c2VjcmV0/)
})

test('a privileged pod in an unlabelled namespace, where the defaults let it in', async () => {
  await namespace('open')
  await pod(
    'open',
    { hostPID: true, hostIPC: true, hostNetwork: true, volumes: [{ name: 'v', hostPath: { path: '/' } }] },
    {
      securityContext: { privileged: true, capabilities: { add: ['SYS_ADMIN'] } },
      ports: [{ containerPort: 80, hostPort: 80 }],
    },
  )
  const weak = { podSecurity: upstreamSettings }
  assert.match(
    await says('5.2.1', weak),
    /Namespace\/open: metadata\.labels\[pod-security\.kubernetes\.io\/enforce\]: \(absent\)/,
  )
  const lines: Readonly<Record<string, RegExp>> = {
    '5.2.2': /Pod\/open\/evil: privileged: container "c" must not set securityContext\.privileged=true/,
    '5.2.3': /Pod\/open\/evil: spec\.hostPID: true/,
    '5.2.4': /Pod\/open\/evil: spec\.hostIPC: true/,
    '5.2.5': /Pod\/open\/evil: spec\.hostNetwork: true/,
    '5.2.6': /Pod\/open\/evil: allowPrivilegeEscalation != false/,
    '5.2.7': /Pod\/open\/evil: runAsNonRoot != true/,
    '5.2.8': /container c: securityContext\.capabilities\.drop has neither/,
    '5.2.9': /container c: securityContext\.capabilities\.add: SYS_ADMIN/,
    '5.2.11': /Pod\/open\/evil: hostPath volumes: volume "v"/,
    '5.2.12': /Pod\/open\/evil: hostPort/,
    '5.6.3': /Pod\/open\/evil/,
  }
  for (const [id, line] of Object.entries(lines)) assert.match(await says(id, weak), line, id)
  // The pod is named also where the settings are strong: it was let in before they were.
  assert.match(await says('5.2.2'), /^Pod\/open\/evil/m)
  const results = judgeCluster('pss', await factsOf(wire)).results
  assert.deepEqual(
    results.filter(one => one.state === 'fail').map(one => one.id),
    ['open'],
  )
})

test('a namespace that asks for nothing', async () => {
  await namespace('lax', { 'pod-security.kubernetes.io/enforce': 'privileged' })
  assert.equal(await says('5.2.1'), 'Namespace/lax: metadata.labels[pod-security.kubernetes.io/enforce]: privileged')
  assert.match(await says('5.2.2'), /Namespace\/lax/)
  const lax = judgeCluster('pss', await factsOf(wire)).results.find(one => one.id === 'lax')
  assert.equal(lax?.state === 'fail' ? lax.proof[0]?.says : undefined, 'enforces privileged:latest')
})

test('secrets in the environment, no policy, no digest, no limits, the wrong namespace', async () => {
  await pod(
    'default',
    { imagePullSecrets: [{ name: 'registry' }], securityContext: { seccompProfile: { type: 'Unconfined' } } },
    {
      env: [{ name: 'KEY', valueFrom: { secretKeyRef: { name: 'cloud', key: 'key' } } }],
      envFrom: [{ secretRef: { name: 'all' } }],
    },
  )
  assert.equal(
    await says('5.4.1'),
    'Pod/default/evil: container c: env KEY: valueFrom.secretKeyRef: cloud\nPod/default/evil: container c: envFrom.secretRef: all',
  )
  assert.equal(await says('5.3.2'), 'Namespace/default: it has pods and no NetworkPolicy')
  assert.match(await says('5.5.1'), /image: busybox is not named by digest/)
  assert.match(await says('5.6.2'), /Pod\/default\/evil: seccompProfile/)
  assert.match(await says('5.6.4'), /^Pod\/default\/evil/)
  assert.match(await says('1.2.11'), /^Pod\/default\/evil: spec\.imagePullSecrets: registry$/)
  const facts = await factsOf(wire)
  assert.match(told(facts, 'N3', nsa), /Namespace\/default: it has pods, and neither/)
  assert.equal(told(facts, 'N11', nsa), 'pass')
  assert.match(told(facts, 'P2', nsa), /readOnlyRootFilesystem is not true/)
  await make('/apis/networking.k8s.io/v1/namespaces/default/networkpolicies', {
    metadata: { name: 'none' },
    spec: { podSelector: {}, policyTypes: ['Ingress', 'Egress'] },
  })
  assert.equal(await says('5.3.2'), 'pass')
  assert.equal(told(await factsOf(wire), 'N11', nsa), 'pass')
})

test('policies that let pods to the credentials of the machine', async () => {
  const block = (cidr: string, ...except: readonly string[]) => ({ to: [{ ipBlock: { cidr, except } }] })
  const egress = [block('10.0.0.0/8'), block('0.0.0.0/0', '169.254.0.0/16'), block('169.254.169.254/32'), {}]
  await make('/apis/networking.k8s.io/v1/namespaces/default/networkpolicies', {
    metadata: { name: 'open' },
    spec: { podSelector: {}, policyTypes: ['Egress'], egress },
  })
  assert.equal(
    told(await factsOf(wire), 'N11', nsa),
    [2, 3].map(at => `NetworkPolicy/default/open: spec.egress[${at}] lets its pods reach 169.254.169.254`).join('\n'),
  )
  const lost = { enforced: false, says: 'table inet bulwark-default of the kernel lacks policy-sent' }
  assert.match(told(await factsOf(wire, { networkPolicies: lost }), 'N11', nsa), /lacks policy-sent/)
  assert.match(told(await factsOf(wire, { networkPolicies: undefined }), 'N11', nsa), /^not applicable/)
})

test('a pod in a namespace of the system', async () => {
  await pod('kube-system', {}, { securityContext: { privileged: true } })
  assert.match(await says('5.6.1'), /^Pod\/kube-system\/evil: /)
  const kube = judgeCluster('pss', await factsOf(wire)).results.find(one => one.id === 'kube-system')
  assert.equal(kube?.state, 'fail')
})

test('names that mean harm do not get into reports as they are', async () => {
  const name = `"><script>alert(1)<script>&\u001b[31m|\n# ${'\u202e'}x`
  await role(name, [{ verbs: ['*'], apiGroups: ['*'], resources: ['*'] }])
  const reports = [judgeCluster('cis', await factsOf(wire))]
  const junit = junitReport(reports)
  assert.doesNotMatch(junit, /<script|[^\P{Cc}\n]|&(?!amp;|lt;|gt;|quot;|apos;|#\d+;)/u)
  assert.ok(junit.includes('&lt;script&gt;'))
  const tags = junit.match(/<[^>]*>/g) ?? []
  const depth: string[] = []
  for (const tag of tags) {
    const element = /^<\/?([a-z-]+)/.exec(tag)?.[1]
    if (element === undefined || tag.endsWith('/>')) continue
    if (tag.startsWith('</')) assert.equal(depth.pop(), element)
    else depth.push(element)
  }
  assert.deepEqual(depth, [])
  assert.equal((junit.match(/<testcase /g) ?? []).length, 131)
  assert.doesNotMatch(textReport(reports, true), /[^\P{Cc}\n]|\p{Cf}/u)
  assert.doesNotMatch(markdownReport(reports), /<script|[^\P{Cc}\n]|\n# "/u)
  assert.equal(xml('a\u0000b\ud800'), 'a\\u{0}b\ufffd')
  const sarif = sarifReport(reports)
  const [run] = sarif.runs
  assert.equal(sarif.version, '2.1.0')
  assert.equal(run?.results.length, 131)
  for (const result of run?.results ?? []) {
    assert.equal(run?.tool.driver.rules[result.ruleIndex]?.id, result.ruleId)
    assert.equal(result.level, result.kind === 'fail' ? 'error' : 'none')
    for (const { physicalLocation } of result.locations) assert.ok(URL.canParse(physicalLocation.artifactLocation.uri))
  }
})
