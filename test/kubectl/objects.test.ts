/** kubectl on single objects: create, read in every form, change in every way, delete. */
import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { skip } from '../tools/clients.ts'
import { type ClientCluster, startClientCluster } from './cluster.ts'
import { configMap, pod } from './manifests.ts'

describe('kubectl on objects', { skip }, () => {
  let all: ClientCluster
  before(async () => void (all = await startClientCluster()))
  after(() => all.stop())
  const apply = (text: string, ...more: string[]) => all.ks(['apply', ...more, '-f', '-'], { input: text })

  test('apply creates, leaves alone and changes', async () => {
    assert.equal(await apply(configMap('one', { a: '1', b: '2' })), 'configmap/one created\n')
    assert.equal(await apply(configMap('one', { a: '1', b: '2' })), 'configmap/one unchanged\n')
    assert.equal(await apply(configMap('one', { a: '3' })), 'configmap/one configured\n')
    assert.deepEqual(JSON.parse(await all.ks(['get', 'cm', 'one', '-o', 'jsonpath={.data}'])), { a: '3' })
  })

  test('apply --server-side owns fields, and says who else does', async () => {
    const mine = configMap('shared', { a: '1' })
    assert.equal(await apply(mine, '--server-side', '--field-manager=me'), 'configmap/shared serverside-applied\n')
    assert.match(await all.k('get cm shared -o yaml --show-managed-fields'), /manager: me\n +operation: Apply/)
    const args = ['apply', '--server-side', '--field-manager=you', '-f', '-']
    const conflict = await all.ran('kubectl', args, { input: configMap('shared', { a: '2' }) })
    assert.equal(conflict.code, 1)
    assert.match(conflict.stderr, /Apply failed with 1 conflict: conflict with "me"[^]*\.data\.a/)
    await all.ks([...args, '--force-conflicts'], { input: configMap('shared', { a: '2' }) })
    assert.equal(await all.k('get cm shared -o jsonpath={.data.a}'), '2')
  })

  test('get prints tables, YAML, JSON, names, paths and columns', async () => {
    await apply(configMap('shown', { a: '1', b: '2' }, { tier: 'front' }))
    assert.match(await all.k('get cm shown'), /^NAME +DATA +AGE\nshown +2 +\d+s\n$/)
    assert.match(
      await all.k('get cm shown -o yaml'),
      /^apiVersion: v1\ndata:\n {2}a: "1"\n {2}b: "2"\nkind: ConfigMap\n/,
    )
    const object = JSON.parse(await all.k('get cm shown -o json')) as { metadata: { uid: string } }
    assert.match(object.metadata.uid, /^[0-9a-f-]{36}$/)
    assert.equal(await all.k('get cm shown -o name'), 'configmap/shown\n')
    assert.equal(await all.k('get cm shown -o custom-columns=N:.metadata.name,B:.data.b'), 'N       B\nshown   2\n')
    assert.match(await all.k('get cm -L tier shown'), /^NAME +DATA +AGE +TIER\nshown +2 +\d+s +front\n$/)
    assert.match(await all.k('get nodes -o wide'), /^NAME +STATUS +ROLES +AGE +VERSION +INTERNAL-IP .*\nnode-0 +Ready /)
    const list = JSON.parse(await all.k('get cm,ns -o json')) as { kind: string; items: { kind: string }[] }
    assert.equal(list.kind, 'List')
    assert.ok(list.items.some(item => item.kind === 'Namespace'))
  })

  test('selectors choose', async () => {
    await apply(pod('blue', { color: 'blue' }))
    await apply(pod('red', { color: 'red' }))
    await all.k('wait --for=condition=Ready pod/blue pod/red --timeout=30s')
    assert.equal(await all.k('get pod -l color=blue -o name'), 'pod/blue\n')
    assert.equal(await all.ks(['get', 'pod', '-l', 'color in (red,green)', '-o', 'name']), 'pod/red\n')
    assert.equal(await all.k('get pod --field-selector metadata.name=red -o name'), 'pod/red\n')
    assert.equal(await all.k('get pod --field-selector status.phase!=Running -o name'), '')
    assert.match(await all.k('get pod --sort-by=.metadata.name'), /blue(.|\n)*red/)
    assert.match(await all.k('get pods -A'), /^NAMESPACE +NAME +READY +STATUS/)
    await all.k('delete pod -l color')
    assert.match((await all.ran('kubectl', ['get', 'pod', 'blue'])).stderr, /pods "blue" not found/)
  })

  test('a watch prints what comes', async () => {
    const watching = all.ran('kubectl', ['get', 'cm', '-w', '--output-watch-events', '-l', 'seen=yes'], {
      until: /DELETED +late/,
      timeout: 30_000,
    })
    await new Promise(resolve => setTimeout(resolve, 1500))
    await apply(configMap('late', { a: '1' }, { seen: 'yes' }))
    await apply(configMap('late', { a: '2', b: '3' }, { seen: 'yes' }))
    await all.k('delete cm late')
    assert.match((await watching).stdout, /ADDED +late +1 .*\nMODIFIED +late +2 .*\nDELETED +late +2 /)
  })

  test('label and annotate', async () => {
    await apply(configMap('marked', {}))
    assert.equal(await all.k('label cm marked a=b'), 'configmap/marked labeled\n')
    const refused = await all.ran('kubectl', ['label', 'cm', 'marked', 'a=c'])
    assert.match(refused.stderr, /'a' already has a value \(b\)/)
    await all.k('label cm marked a=c --overwrite')
    await all.k('annotate cm marked note=hello')
    assert.equal(await all.k('get cm marked -o jsonpath={.metadata.labels.a}/{.metadata.annotations.note}'), 'c/hello')
    await all.k('label cm marked a-')
    assert.equal(await all.k('get cm marked -o jsonpath={.metadata.labels}'), '')
    const bad = await all.ran('kubectl', ['annotate', 'cm', 'marked', 'bad key=x'])
    assert.equal(bad.code, 1)
  })

  test('patch: strategic, merge, JSON', async () => {
    await apply(pod('patched'))
    const patch = (type: string, body: object) =>
      all.ks(['patch', 'pod', 'patched', `--type=${type}`, '-p', JSON.stringify(body)])
    await patch('strategic', { spec: { containers: [{ name: 'main', image: 'example/web:2' }] } })
    assert.equal(await all.k('get pod patched -o jsonpath={.spec.containers[*].image}'), 'example/web:2')
    await patch('merge', { metadata: { labels: { x: 'y' }, annotations: { gone: null } } })
    await patch('json', [{ op: 'replace', path: '/metadata/labels/x', value: 'z' }])
    assert.equal(await all.k('get pod patched -o jsonpath={.metadata.labels.x}'), 'z')
    assert.equal(await all.ks(['patch', 'pod', 'patched', '-p', '{}']), 'pod/patched patched (no change)\n')
    const test = JSON.stringify([{ op: 'test', path: '/metadata/labels/x', value: 'no' }])
    const failed = await all.ran('kubectl', ['patch', 'pod', 'patched', '--type=json', '-p', test])
    assert.equal(failed.code, 1)
    const invalid = await all.ran('kubectl', ['patch', 'pod', 'patched', '-p', '{"spec":{"hostname":"other"}}'])
    assert.match(invalid.stderr, /The Pod "patched" is invalid: spec: Forbidden: pod updates may not change fields/)
  })

  test('edit, replace and set', async () => {
    await apply(configMap('edited', { a: '1' }))
    const editor = all.file('editor.sh', '#!/bin/sh\nsed -i "s/a: .*/a: changed/" "$1"\n')
    const env = { EDITOR: `sh ${editor}` }
    assert.match(await all.ks(['edit', 'cm', 'edited'], { env }), /configmap\/edited edited/)
    assert.equal(await all.k('get cm edited -o jsonpath={.data.a}'), 'changed')
    const current = JSON.parse(await all.k('get cm edited -o json')) as { data: object }
    const replaced = await all.ks(['replace', '-f', '-'], { input: JSON.stringify({ ...current, data: { b: '2' } }) })
    assert.equal(replaced, 'configmap/edited replaced\n')
    const stale = await all.ran('kubectl', ['replace', '-f', '-'], { input: JSON.stringify(current) })
    assert.match(stale.stderr, /Operation cannot be fulfilled on configmaps "edited": the object has been modified/)
    const input = configMap('from-editor', { a: '1' })
    assert.match(await all.ks(['create', '--edit', '-f', '-'], { env, input }), /configmap\/from-editor created/)
    assert.equal(await all.k('get cm from-editor -o jsonpath={.data.a}'), 'changed')
  })

  test('create makes the usual things', async () => {
    await all.k('create namespace made')
    await all.k('create secret generic s --from-literal=k=v -n made')
    assert.equal(await all.k('get secret s -n made -o jsonpath={.data.k}/{.type}'), 'dg==/Opaque')
    await all.k('create serviceaccount robot -n made')
    await all.k('create role reader --verb=get,list --resource=pods,deployments.apps -n made')
    await all.k('create rolebinding reads --role=reader --serviceaccount=made:robot -n made')
    await all.k('create job once --image=example/job -n made')
    await all.ks(['create', 'cronjob', 'often', '--image=example/job', '--schedule=*/5 * * * *', '-n', 'made'])
    await all.k('create quota few --hard=pods=10 -n made')
    await all.k('create ingress web --rule=example.com/*=web:80 -n made')
    await all.k('create poddisruptionbudget keep --selector=app=web --min-available=1 -n made')
    await all.k('create priorityclass high --value=100')
    const twice = await all.ran('kubectl', ['create', 'namespace', 'made'])
    assert.match(twice.stderr, /Error from server \(AlreadyExists\): namespaces "made" already exists/)
    const bad = await all.ran('kubectl', ['create', 'configmap', 'Bad_Name'])
    assert.match(bad.stderr, /ConfigMap "Bad_Name" is invalid: metadata.name: Invalid value: "Bad_Name"/)
    assert.match(await all.k('get all,ingress,role,pdb -n made'), /cronjob.batch\/often/)
    await all.k('delete namespace made --timeout=30s')
    assert.match((await all.ran('kubectl', ['get', 'ns', 'made'])).stderr, /namespaces "made" not found/)
  })

  test('diff tells what apply would change', async () => {
    await apply(configMap('compared', { a: '1' }))
    const same = await all.ran('kubectl', ['diff', '-f', '-'], { input: configMap('compared', { a: '1' }) })
    assert.equal(same.code, 0, same.stderr)
    const differs = await all.ran('kubectl', ['diff', '-f', '-'], { input: configMap('compared', { a: '2' }) })
    assert.equal(differs.code, 1, differs.stderr)
    assert.match(differs.stdout, /-  a: "1"\n\+  a: "2"/)
  })

  test('apply -k builds and applies; delete -k takes it back', async () => {
    all.file('kustomization.yaml', 'namePrefix: pre-\nresources: [base.yaml]\nlabels: [{pairs: {by: kustomize}}]\n')
    all.file('base.yaml', configMap('base', { a: '1' }))
    assert.equal(await all.ks(['apply', '-k', all.dir]), 'configmap/pre-base created\n')
    assert.equal(await all.k('get cm -l by=kustomize -o name'), 'configmap/pre-base\n')
    assert.equal(await all.ks(['delete', '-k', all.dir]), 'configmap "pre-base" deleted from default namespace\n')
  })

  test('delete: by file, and what is not there', async () => {
    const path = all.file('gone.yaml', configMap('gone', {}))
    await all.ks(['apply', '-f', path])
    assert.match(await all.ks(['delete', '-f', path]), /configmap "gone" deleted/)
    assert.match((await all.ran('kubectl', ['delete', '-f', path])).stderr, /configmaps "gone" not found/)
    assert.equal(await all.ks(['delete', '-f', path, '--ignore-not-found']), '')
  })
})
