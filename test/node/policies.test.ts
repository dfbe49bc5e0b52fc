/** NetworkPolicies on a real node, from the first packet of a container on. Needs root and Linux. */
import assert from 'node:assert/strict'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { type UserCluster, eventually, noContainers, startUserCluster } from '../tools/cluster.ts'

const options = { skip: noContainers }
let cluster: UserCluster

const shell = (name: string, labels: string, script: string): string => `
apiVersion: v1
kind: Pod
metadata: { name: ${name}, namespace: shop, labels: { ${labels} } }
spec:
  restartPolicy: Never
  terminationGracePeriodSeconds: 0
  containers:
  - name: main
    image: docker.io/library/busybox:1.37
    command: [sh, -c, ${JSON.stringify(script)}]
`
const serve = 'mkdir /tmp/w; echo hello > /tmp/w/index.html; httpd -f -p 8080 -h /tmp/w'
/** @param address and port, for the shell */
const ask = (address: string): string => `printf 'GET / HTTP/1.0\\r\\n\\r\\n' | nc -w 3 ${address} 2>&1 | tail -1`

const server = `${shell('server', 'app: server', serve)}    readinessProbe: { tcpSocket: { port: 8080 }, periodSeconds: 1 }
---
apiVersion: v1
kind: Service
metadata: { name: server, namespace: shop }
spec: { selector: { app: server }, ports: [{ port: 80, targetPort: 8080 }] }
`
const policies = `
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: { name: closed, namespace: shop }
spec: { podSelector: {}, policyTypes: [Ingress, Egress] }
---
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: { name: names, namespace: shop }
spec:
  podSelector: {}
  policyTypes: [Egress]
  egress:
  - to: [{ namespaceSelector: { matchLabels: { kubernetes.io/metadata.name: kube-system } }, podSelector: { matchLabels: { k8s-app: kube-dns } } }]
    ports: [{ protocol: UDP, port: 53 }, { protocol: TCP, port: 53 }]
---
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: { name: server, namespace: shop }
spec:
  podSelector: { matchLabels: { app: server } }
  ingress: [{ from: [{ podSelector: { matchLabels: { app: customer } } }], ports: [{ port: 8080 }] }]
---
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: { name: customer, namespace: shop }
spec:
  podSelector: { matchLabels: { app: customer } }
  policyTypes: [Egress]
  egress: [{ to: [{ podSelector: { matchLabels: { app: server } } }] }]
`

async function apply(name: string, manifest: string): Promise<void> {
  const file = join(cluster.dir, `${name}.yaml`)
  await writeFile(file, manifest)
  await cluster.kubectl('apply', '-f', file)
}

const inShop = (...args: readonly string[]): Promise<string> => cluster.kubectl('-n', 'shop', ...args)

/** What the pod said before it ended. */
async function said(name: string): Promise<string> {
  await inShop('wait', '--for=jsonpath={.status.phase}=Succeeded', `pod/${name}`, '--timeout=58s')
  return (await inShop('logs', name)).trim()
}

before(async () => {
  if (noContainers !== false) return
  cluster = await startUserCluster({ name: 'policies', port: 17_843, images: ['busybox'] })
  await cluster.kubectl('create', 'namespace', 'shop')
  await apply('policies', policies)
  await apply('server', server)
  await inShop('wait', '--for=condition=Ready', 'pod/server', '--timeout=58s')
})
after(() => (noContainers === false ? cluster.purge() : undefined))

test('who is meant reaches it, by name through the service; its node probes it all the while', options, async () => {
  await apply(
    'customer',
    shell(
      'customer',
      'app: customer',
      `nslookup server.shop.svc.cluster.local > /dev/null && ${ask('$SERVER_SERVICE_HOST 80')}`,
    ),
  )
  assert.equal(await said('customer'), 'hello')
})

test('a stranger is refused from its first packet on, also by the address of the pod', options, async () => {
  const address = (await inShop('get', 'pod', 'server', '-o', 'jsonpath={.status.podIP}')).trim()
  await apply('thief', shell('thief', 'app: thief', `${ask('$SERVER_SERVICE_HOST 80')}; ${ask(`${address} 8080`)}`))
  const text = await said('thief')
  assert.doesNotMatch(text, /hello/)
  assert.equal(text.match(/No route to host/g)?.length, 2, text)
})

test('a refusal has an event whose number says why, and is on record', options, async () => {
  const events = (): Promise<string> =>
    inShop(
      'get',
      'events',
      '--field-selector=reason=NetworkPolicyRefused',
      '-o',
      'jsonpath={range .items[*]}{.involvedObject.name} {.message}{"\\n"}{end}',
    )
  const text = await eventually('an event', events, { until: said => /^thief tcp /m.test(said), seconds: 30 })
  assert.match(
    text,
    /^thief tcp from shop\/thief to shop\/server \(10\.[\d.]+\) port 8080 is refused; why: bulwark why /m,
  )
  const [, number = ''] = /^thief .* bulwark why (\S+)$/m.exec(text) ?? []
  const why = await cluster.bulwark('why', number)
  assert.match(why, /^By: +NetworkPolicy, NetworkPolicy shop\/(?:closed|names)$/m)
  assert.match(
    why,
    /^Allowed: add to spec\.egress.*"podSelector":\{"matchLabels":\{"app":"server"\}\}.*; then what shop\/server receives is refused as well: add to spec\.ingress/m,
  )
  const record = await cluster.bulwark('audit', 'who', '--by', 'system:serviceaccount:shop:default', '-o', 'json')
  const [line = '', ...more] = record.split('\n').filter(one => one.includes(number))
  assert.deepEqual(more, [])
  assert.match(line, /pod-name":\["thief"\]/)
  assert.match(
    line,
    /"objectRef":\{"resource":"pods","namespace":"shop","name":"thief".*"subresource":"network"\}.*"code":403/,
  )
  assert.match(await cluster.bulwark('audit', 'verify'), /whole|good|verified/i)
})

test('an isolated pod reaches neither its node nor the API', options, async () => {
  const node = 'jsonpath={.items[0].status.addresses[?(@.type=="InternalIP")].address}'
  const address = (await cluster.kubectl('get', 'nodes', '-o', node)).trim()
  await apply(
    'lonely',
    shell('lonely', 'app: lonely', [`${address} 10250`, '$KUBERNETES_SERVICE_HOST 443'].map(ask).join('; ')),
  )
  assert.equal((await said('lonely')).match(/No route to host/g)?.length, 2)
})

test('a policy that goes lets everybody in again', options, async () => {
  await inShop('delete', 'networkpolicy', '--all')
  await apply('late', shell('late', 'app: thief', ask('$SERVER_SERVICE_HOST 80')))
  assert.equal(await said('late'), 'hello')
})

test('a pod that comes in one breath with its policy is judged by it from its first packet on', options, async () => {
  const names = ['first', 'second', 'third']
  const breath = names.map(
    name => `
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: { name: ${name}, namespace: shop }
spec: { podSelector: { matchLabels: { breath: ${name} } }, policyTypes: [Egress] }
---${shell(name, `breath: ${name}`, ask('$SERVER_SERVICE_HOST 80'))}`,
  )
  await apply('breath', breath.join('---'))
  for (const name of names) assert.match(await said(name), /No route to host/)
})

test('the rules outlive the agent', options, async () => {
  await apply('policies', policies)
  const [agent] = (await cluster.processes()).filter(one => one.role === 'agent')
  assert.ok(agent !== undefined)
  await apply('patient', shell('patient', 'app: thief', `sleep 2; ${ask('$SERVER_SERVICE_HOST 80')}`))
  await inShop('wait', '--for=jsonpath={.status.phase}=Running', 'pod/patient', '--timeout=58s')
  process.kill(agent.pid, 'SIGKILL')
  await eventually('the agent', () => cluster.processes(), {
    until: all => all.some(one => one.role === 'agent' && one.pid !== agent.pid),
    seconds: 30,
  })
  assert.match(await said('patient'), /No route to host/)
})
