/** Helm on a chart of the test's own, with hooks. */
import assert from 'node:assert/strict'
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { skip } from '../tools/clients.ts'
import { type ClientCluster, startClientCluster } from './cluster.ts'

const files: Readonly<Record<string, string>> = {
  'Chart.yaml': 'apiVersion: v2\nname: shop\nversion: 0.1.0\nappVersion: "1"\n',
  'values.yaml': 'replicas: 1\ngreeting: hello\n',
  'templates/config.yaml': `apiVersion: v1
kind: ConfigMap
metadata:
  name: {{ .Release.Name }}-config
data:
  greeting: {{ .Values.greeting }}
  version: {{ .Capabilities.KubeVersion.Version }}
`,
  'templates/web.yaml': `apiVersion: apps/v1
kind: Deployment
metadata:
  name: {{ .Release.Name }}-web
spec:
  replicas: {{ .Values.replicas }}
  selector: { matchLabels: { app: {{ .Release.Name }} } }
  template:
    metadata: { labels: { app: {{ .Release.Name }} } }
    spec:
      containers: [{ name: main, image: example/web:1 }]
---
apiVersion: v1
kind: Service
metadata:
  name: {{ .Release.Name }}-web
spec:
  selector: { app: {{ .Release.Name }} }
  ports: [{ port: 80, targetPort: 8080 }]
`,
  'templates/hook.yaml': `apiVersion: v1
kind: ConfigMap
metadata:
  name: {{ .Release.Name }}-before
  annotations:
    helm.sh/hook: pre-install,pre-upgrade
    helm.sh/hook-delete-policy: before-hook-creation
data: { revision: "{{ .Release.Revision }}" }
`,
}

describe('Helm', { skip }, () => {
  let all: ClientCluster
  let chart = ''
  before(async () => {
    all = await startClientCluster()
    chart = join(all.dir, 'shop')
    mkdirSync(join(chart, 'templates'), { recursive: true })
    for (const [name, text] of Object.entries(files)) writeFileSync(join(chart, name), text)
  })
  after(() => all.stop())
  const helm = async (...args: string[]): Promise<string> => {
    const { code, stdout, stderr } = await all.ran('helm', args)
    assert.equal(code, 0, `helm ${args.join(' ')}: ${stdout}\n${stderr}`)
    return stdout
  }
  const greeting = () => all.k('get cm one-config -o jsonpath={.data.greeting}')

  test('install waits for what it makes', async () => {
    assert.match(await helm('install', 'one', chart, '--wait', '--timeout=40s'), /STATUS: deployed\nREVISION: 1/)
    assert.match(await all.k('get deploy one-web'), /one-web +1\/1/)
    assert.equal(await all.k('get cm one-config -o jsonpath={.data.version}'), 'v1.36.0')
    assert.equal(await all.k('get cm one-before -o jsonpath={.data.revision}'), '1')
    assert.match(await helm('list'), /one\s+default\s+1\s.*\sdeployed\s+shop-0\.1\.0\s+1/)
    assert.match(await helm('status', 'one'), /STATUS: deployed/)
    assert.match(await helm('get', 'manifest', 'one'), /kind: Deployment/)
  })

  test('upgrade and rollback change it and keep a history', async () => {
    await helm('upgrade', 'one', chart, '--set', 'greeting=hi,replicas=2', '--wait', '--timeout=40s')
    assert.equal(await greeting(), 'hi')
    assert.equal(await all.k('get cm one-before -o jsonpath={.data.revision}'), '2')
    assert.match(await all.k('get deploy one-web'), /one-web +2\/2/)
    await helm('rollback', 'one', '1', '--wait', '--timeout=40s')
    assert.equal(await greeting(), 'hello')
    assert.match(await helm('history', 'one'), /3\s.*\sdeployed\s.*Rollback to 1/)
  })

  test('a dry run stores nothing, a wrong value is refused', async () => {
    await helm('upgrade', 'one', chart, '--set', 'greeting=no', '--dry-run=server')
    assert.equal(await greeting(), 'hello')
    const wrong = await all.ran('helm', ['upgrade', 'one', chart, '--set', 'replicas=-1'])
    assert.equal(wrong.code, 1)
    assert.match(wrong.stderr, /spec\.replicas: Invalid value: -1: must be greater than or equal to 0/)
  })

  test('uninstall leaves nothing', async () => {
    assert.match(await helm('uninstall', 'one', '--wait', '--timeout=40s'), /release "one" uninstalled/)
    assert.equal(await all.k('get deploy,svc,pods -l app=one -o name'), '')
    assert.doesNotMatch(await all.k('get cm,deploy,svc,secret -o name'), /one-(config|web)|helm\.release/)
    assert.doesNotMatch(await helm('list'), /\bone\b/)
  })
})
