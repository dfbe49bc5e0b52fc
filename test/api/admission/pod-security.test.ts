/** Pod Security by a whole plane: every case of every check in every version that differs, enforced, told and noted. */
import assert from 'node:assert/strict'
import { readFileSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { parseYamlAll } from '#codec/yaml.ts'
import { baseline } from '#server/admission/pod-security/cases-baseline.ts'
import { restricted } from '#server/admission/pod-security/cases-restricted.ts'
import { type Case, expected, podOf } from '#server/admission/pod-security/cases.ts'
import { checks } from '#server/admission/pod-security/evaluate.ts'
import { latest, versionText } from '#server/admission/pod-security/levels.ts'
import { type Reply, type Wire, openWire, undecided } from '../wire.ts'

let wire: Wire

before(async () => {
  wire = await openWire({ controllers: false, plugins: { disable: ['ServiceAccount'] } })
})
after(() => wire.stop())

const levels = ['baseline', 'restricted'] as const
type Level = (typeof levels)[number]

const differing = new Set(checks.flatMap(check => check.revisions.map(one => one.from)))
const versions = [...differing, 36, 99, latest]
const cases = [...baseline, ...restricted].filter(one => one.unit !== true)

const post = (path: string, body: object): Promise<Reply> => wire.call('POST', path, { body })
const warnings = ({ headers }: Reply): string => String(headers.warning ?? '').replaceAll('\\"', '"')

async function namespace(name: string, labels: Readonly<Record<string, string>> = {}): Promise<string> {
  const own = Object.entries(labels).map(([key, value]) => [`pod-security.kubernetes.io/${key}`, value])
  const made = await post('/api/v1/namespaces', { metadata: { name, labels: Object.fromEntries(own) } })
  assert.equal(made.status, 201, made.text)
  return name
}

const modes = (level: string, version: string) => ({
  enforce: level,
  'enforce-version': version,
  warn: level,
  'warn-version': version,
  audit: level,
  'audit-version': version,
})

const named = ({ metadata, spec }: ReturnType<typeof podOf>) => ({ metadata: { name: 'x', ...metadata }, spec })

const deployment = ({ metadata, spec }: ReturnType<typeof podOf>) => ({
  metadata: { name: 'x' },
  spec: { selector: { matchLabels: { a: 'b' } }, template: { metadata: { ...metadata, labels: { a: 'b' } }, spec } },
})

interface Place {
  readonly name: string
  readonly level: Level
  readonly version: number
}

async function assertCase({ name, level, version }: Place, one: Case): Promise<void> {
  const policy = `${level}:${versionText(version)}`
  const text = expected(one, version)
  const pod = podOf(level, one.give)
  const what = `${policy} ${one.check} ${JSON.stringify(one.give)}`
  const asked = await post(`/api/v1/namespaces/${name}/pods?dryRun=All`, named(pod))
  const controller = await post(`/apis/apps/v1/namespaces/${name}/deployments?dryRun=All`, deployment(pod))
  assert.equal(controller.status, 201, `${what}: ${controller.text}`)
  if (text === '') {
    assert.equal(asked.status, 201, `${what}: ${asked.text}`)
    assert.doesNotMatch(warnings(asked) + warnings(controller), /PodSecurity/, what)
    return
  }
  assert.equal(asked.status, 403, `${what}: ${asked.text}`)
  assert.equal(asked.json.message, `pods "x" is forbidden: violates PodSecurity "${policy}": ${text}`, what)
  assert.deepEqual(undecided(asked.json.details), { name: 'x', kind: 'pods' })
  assert.equal(asked.json.reason, 'Forbidden')
  assert.equal(warnings(controller), `299 - "would violate PodSecurity "${policy}": ${text}"`, what)
}

for (const level of levels)
  test(`${level}: each case in each version`, async () => {
    let asked = 0
    for (const version of versions) {
      const name = await namespace(
        `${level}-${versionText(version).replace('.', '-')}`,
        modes(level, versionText(version)),
      )
      for (const one of cases) {
        if ((one.level ?? level) !== level || (level === 'restricted' && one.check === 'capabilities_baseline'))
          continue
        await assertCase({ name, level, version }, one)
        asked++
      }
    }
    assert.ok(asked > 350, `${asked}`)
  })

test('privileged takes everything that the API takes', async () => {
  const name = await namespace('open', modes('privileged', 'latest'))
  for (const one of cases) {
    const made = await post(
      `/api/v1/namespaces/${name}/pods?dryRun=All`,
      named(podOf(one.level ?? 'baseline', one.give)),
    )
    assert.deepEqual([made.status, warnings(made)], [201, ''], made.text)
  }
})

async function counted(...labels: readonly string[]): Promise<number> {
  const { text } = await wire.call('GET', '/metrics')
  const lines = text.split('\n').filter(line => labels.every(label => line.includes(label)))
  return lines.reduce((sum, line) => sum + Number(line.split(' ').at(-1)), 0)
}

test('a fresh namespace enforces baseline, tells what restricted would refuse, and counts it', async () => {
  const name = await namespace('fresh')
  const total = 'pod_security_evaluations_total'
  const audited = [total, 'mode="audit"', 'decision="deny"', 'policy_level="restricted"', 'policy_version="latest"']
  const before = [await counted(...audited), await counted(total, 'mode="enforce"', 'decision="deny"')]
  const plain = await post(`/api/v1/namespaces/${name}/pods`, named(podOf('baseline')))
  assert.equal(plain.status, 201)
  assert.match(
    warnings(plain),
    /^299 - "would violate PodSecurity "restricted:latest": allowPrivilegeEscalation != false \(/,
  )
  const bad = await post(`/api/v1/namespaces/${name}/pods`, named(podOf('baseline', { spec: { hostNetwork: true } })))
  assert.equal(
    bad.json.message,
    'pods "x" is forbidden: violates PodSecurity "baseline:latest": host namespaces (hostNetwork=true)',
  )
  const strict = await post(`/api/v1/namespaces/${name}/pods`, {
    ...named(podOf('restricted')),
    metadata: { name: 'y' },
  })
  assert.deepEqual([strict.status, warnings(strict)], [201, ''])
  const now = [await counted(...audited), await counted(total, 'mode="enforce"', 'decision="deny"')]
  assert.deepEqual(
    now.map((count, at) => count - (before[at] ?? 0)),
    [2, 1],
  )
})

test('kube-system is exempt, and says so where somebody labels it', async () => {
  const exempt = 'pod_security_exemptions_total{request_operation="create",resource="pod",subresource=""}'
  const before = await counted(exempt)
  const made = await post(
    '/api/v1/namespaces/kube-system/pods',
    named(podOf('baseline', { spec: { hostNetwork: true } })),
  )
  assert.deepEqual([made.status, warnings(made)], [201, ''], made.text)
  assert.equal((await counted(exempt)) - before, 1)
  const labelled = await wire.call('PATCH', '/api/v1/namespaces/kube-system', {
    body: { metadata: { labels: { 'pod-security.kubernetes.io/enforce': 'restricted' } } },
    headers: { 'content-type': 'application/merge-patch+json' },
  })
  assert.equal(
    warnings(labelled),
    '299 - "namespace "kube-system" is exempt from Pod Security, and the policy (enforce=restricted:latest) will be ignored"',
  )
})

test('labels that cannot be read are refused with the field and the way out', async () => {
  const label = 'pod-security.kubernetes.io/enforce'
  const made = await post('/api/v1/namespaces', { metadata: { name: 'bad', labels: { [label]: 'strict' } } })
  assert.equal(made.status, 422)
  assert.equal(
    made.json.message,
    `Namespace "bad" is invalid: metadata.labels[${label}]: Invalid value: "strict": must be one of privileged, baseline, restricted`,
  )
  assert.deepEqual(made.json.details.causes, [
    {
      reason: 'FieldValueInvalid',
      message: 'Invalid value: "strict": must be one of privileged, baseline, restricted',
      field: `metadata.labels[${label}]`,
    },
  ])
})

interface Manifest {
  readonly apiVersion: string
  readonly kind: string
  readonly metadata: { readonly namespace?: string }
  readonly spec?: { readonly template?: object }
}

test('the guestbook is as strict as can be, and is applied without a word', async () => {
  const folder = join(import.meta.dirname, '../../../examples/guestbook')
  const manifests = readdirSync(folder)
    .sort()
    .flatMap(file => parseYamlAll(readFileSync(join(folder, file))) as readonly Manifest[])
  let templates = 0
  for (const manifest of manifests) {
    const { apiVersion, kind, metadata, spec } = manifest
    const root = apiVersion === 'v1' ? '/api/v1' : `/apis/${apiVersion}`
    const place = metadata.namespace === undefined ? '' : `/namespaces/${metadata.namespace}`
    const made = await post(`${root}${place}/${kind.toLowerCase().replace(/y$/, 'ie')}s`, manifest)
    assert.deepEqual([made.status, warnings(made)], [201, ''], made.text)
    if (spec?.template === undefined) continue
    templates++
    const body = { ...spec.template, metadata: { name: 'x' } }
    const pod = await post(`/api/v1${place}/pods?dryRun=All`, body)
    assert.deepEqual([pod.status, warnings(pod)], [201, ''], pod.text)
  }
  assert.equal(templates, 4)
})
