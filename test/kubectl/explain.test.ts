/** kubectl reads what the API serves: explanations, validation, discovery. */
import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { skip } from '../tools/clients.ts'
import { type ClientCluster, startClientCluster } from './cluster.ts'

describe('kubectl and what the API says of itself', { skip }, () => {
  let all: ClientCluster
  before(async () => void (all = await startClientCluster()))
  after(() => all.stop())

  test('explain walks into fields', async () => {
    const pod = await all.k('explain pod')
    assert.match(pod, /KIND: +Pod\nVERSION: +v1\n/)
    assert.match(pod, /spec\t<PodSpec>/)
    assert.match(await all.k('explain deployment.spec.template.spec.containers'), /image\t<string>/)
    assert.match(await all.k('explain deployment.spec.strategy'), /enum: Recreate, RollingUpdate/)
    assert.match(await all.k('explain hpa --api-version=autoscaling/v1'), /GROUP: +autoscaling\n/)
    const missing = await all.ran('kubectl', ['explain', 'pod.spec.nothing'])
    assert.match(missing.stderr, /field "nothing" does not exist/)
  })

  test('explain --recursive ends on types that hold themselves', async () => {
    assert.match(await all.k('explain crd.spec.versions.schema --recursive'), /openAPIV3Schema\t<JSONSchemaProps>/)
  })

  test('api-resources, api-versions, version, cluster-info', async () => {
    const resources = await all.k('api-resources')
    assert.match(resources, /^deployments +deploy +apps\/v1 +true +Deployment$/m)
    assert.match(await all.k('api-resources --namespaced=false -o name'), /^nodes$/m)
    assert.match(await all.k('api-versions'), /^rbac\.authorization\.k8s\.io\/v1$/m)
    assert.match(await all.k('version'), /Server Version: v1\.36\.0/)
    assert.match(await all.k('cluster-info'), /control plane.* is running at .*https:\/\/127\.0\.0\.1:\d+/)
    assert.equal(await all.k('get --raw /readyz'), 'ok')
  })

  test('unknown fields are found before anything is stored', async () => {
    const text = JSON.stringify({ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'typo' }, dota: { a: 'b' } })
    const refused = await all.ran('kubectl', ['apply', '-f', '-'], { input: text })
    assert.equal(refused.code, 1)
    assert.match(refused.stderr, /strict decoding error: unknown field "dota"/)
    const warned = await all.ran('kubectl', ['create', '--validate=warn', '-f', '-'], { input: text })
    assert.equal(warned.code, 0, warned.stderr)
    assert.match(warned.stderr, /Warning: unknown field "dota"/)
    const dry = await all.ks(['create', 'configmap', 'dry', '--dry-run=server', '-o', 'name'])
    assert.equal(dry, 'configmap/dry\n')
    assert.match((await all.ran('kubectl', ['get', 'cm', 'dry'])).stderr, /configmaps "dry" not found/)
  })
})
