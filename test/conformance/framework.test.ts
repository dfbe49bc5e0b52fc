/** What upstream's framework does around each of its tests, whatever the test asks. */
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { type Api, type Watch, openApi } from './api.ts'

let api: Api
before(async () => {
  api = await openApi({ nodes: 0 })
})
after(() => api.stop())

/** As its informers begin: what is there, the mark that this was all, then what changes. */
async function present(path: string, name: string): Promise<void> {
  const watch: Watch = await api.watch(
    `${path}?fieldSelector=metadata.name%3D${name}&sendInitialEvents=true&allowWatchBookmarks=true&resourceVersionMatch=NotOlderThan`,
  )
  let marked = false
  let found = false
  while (!found || !marked) {
    const { type, object } = await watch.next()
    if (type === 'BOOKMARK' && object.metadata.annotations?.['k8s.io/initial-events-end'] === 'true') marked = true
    else if (type === 'ADDED' && object.metadata.name === name) found = true
  }
  watch.stop()
}

test('a namespace has its account and its certificates, and goes', async () => {
  assert.match((await api.get('/version')).gitVersion, /^v1\.36\.\d+/)
  assert.match((await api.get('/api/v1/namespaces/default/services/kubernetes')).spec.clusterIP, /^[\d.]+$/)
  const { metadata } = await api.create('/api/v1/namespaces', {
    metadata: {
      generateName: 'e2e-',
      labels: {
        'e2e-run': 'a',
        'pod-security.kubernetes.io/enforce': 'baseline',
        'pod-security.kubernetes.io/warn': 'baseline',
      },
    },
  })
  const path = `/api/v1/namespaces/${metadata.name}`
  await present(`${path}/serviceaccounts`, 'default')
  await present(`${path}/configmaps`, 'kube-root-ca.crt')
  await api.delete(path)
  await api.until(
    'it goes',
    () => api.call('GET', path),
    ({ status }) => status === 404,
  )
})
