/** kubectl on what controllers look after: rollouts, scale, services, nodes, descriptions, cascades. */
import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { skip } from '../tools/clients.ts'
import { type ClientCluster, startClientCluster } from './cluster.ts'
import { deployment } from './manifests.ts'

const set = (kind: string, name: string, more: object) => ({
  apiVersion: 'apps/v1',
  kind,
  metadata: { name },
  spec: {
    selector: { matchLabels: { app: name } },
    template: { metadata: { labels: { app: name } }, spec: { containers: [{ name: 'main', image: 'example/web' }] } },
    ...more,
  },
})
const stateful = set('StatefulSet', 'db', { serviceName: 'db', replicas: 2 })
const daemon = set('DaemonSet', 'each', {})

describe('kubectl on workloads', { skip }, () => {
  let all: ClientCluster
  before(async () => {
    all = await startClientCluster(2)
    await all.ks(['apply', '-f', '-'], { input: deployment('web') })
  })
  after(() => all.stop())
  const settled = () => all.k('rollout status deployment/web --timeout=40s')

  test('a rollout goes forth and back', async () => {
    assert.match(await settled(), /deployment "web" successfully rolled out/)
    assert.match(await all.k('get deploy web'), /^NAME +READY +UP-TO-DATE +AVAILABLE +AGE\nweb +2\/2 +2 +2 /)
    assert.equal(await all.k('set image deployment/web main=example/web:2'), 'deployment.apps/web image updated\n')
    await settled()
    assert.match(await all.k('rollout history deployment/web'), /REVISION +CHANGE-CAUSE\n1 +<none>\n2 +<none>\n/)
    assert.match(await all.k('rollout history deployment/web --revision=1'), /Image:\s+example\/web:1/)
    assert.equal(await all.k('rollout undo deployment/web'), 'deployment.apps/web rolled back\n')
    await settled()
    assert.equal(await all.ks(['get', 'deploy', 'web', '-o', 'jsonpath={..image}']), 'example/web:1')
    assert.equal(await all.k('rollout restart deployment/web'), 'deployment.apps/web restarted\n')
    await settled()
    assert.equal(await all.k('rollout pause deployment/web'), 'deployment.apps/web paused\n')
    assert.equal(await all.k('rollout resume deployment/web'), 'deployment.apps/web resumed\n')
  })

  test('scale and autoscale', async () => {
    assert.equal(await all.k('scale deployment/web --replicas=3'), 'deployment.apps/web scaled\n')
    await settled()
    assert.equal(await all.k('get deploy web -o jsonpath={.status.readyReplicas}'), '3')
    const wrong = await all.ran('kubectl', ['scale', 'deployment/web', '--replicas=1', '--current-replicas=9'])
    assert.equal(wrong.code, 1)
    await all.k('autoscale deployment/web --min=1 --max=5')
    assert.match(await all.k('get hpa web'), /web +Deployment\/web/)
  })

  test('expose gives a service with endpoints', async () => {
    assert.equal(await all.k('expose deployment/web --port=80 --target-port=8080'), 'service/web exposed\n')
    assert.match(await all.k('get svc web'), /web +ClusterIP +10\.96\.\d+\.\d+ +<none> +80\/TCP /)
    await all.ks([
      'wait',
      '--for=jsonpath={.endpoints[0].conditions.ready}=true',
      'endpointslice',
      '-l',
      'app=web',
      '--timeout=30s',
    ])
    assert.match(await all.k('describe service web'), /Selector: +app=web\n(.|\n)*Endpoints: +\d+\.\d+\.\d+\.\d+:8080/)
  })

  test('describe: pod, deployment, node', async () => {
    const pods = await all.k('describe pod -l app=web')
    assert.match(pods, /Controlled By: +ReplicaSet\/web-/)
    assert.match(pods, /Events:\n(.|\n)*Scheduled(.|\n)*Successfully assigned default\/web-/)
    const deploy = await all.k('describe deployment web')
    assert.match(deploy, /Replicas: +\d desired \| \d updated \| \d total \| \d available/)
    assert.match(deploy, /ScalingReplicaSet/)
    const node = await all.k('describe node node-0')
    assert.match(node, /Non-terminated Pods: +\(\d+ in total\)/)
    assert.match(node, /Allocated resources:/)
    assert.match(await all.k('describe ns default'), /Status: +Active/)
  })

  test('simulated pods use nothing, and have no logs, without anything hanging', async () => {
    assert.match(await all.k('top nodes'), /^node-0 +0m +0% +0Mi +0%/m)
    assert.match(await all.k('top pods'), /^web-\S+ +0m +0Mi/m)
    const logs = await all.ran('kubectl', ['logs', 'deployment/web'], { timeout: 30_000 })
    assert.notEqual(logs.code, 124)
    assert.notEqual(logs.code, 0)
  })

  test('events are listed with their objects', async () => {
    assert.match(await all.k('events --for deployment/web'), /ScalingReplicaSet +Deployment\/web/)
    assert.match(await all.k('get events'), /^LAST SEEN +TYPE +REASON +OBJECT +MESSAGE/)
  })

  test('taint, cordon, drain, uncordon', async () => {
    assert.equal(await all.k('taint node node-1 keep=out:NoSchedule'), 'node/node-1 tainted\n')
    assert.match(await all.k('describe node node-1'), /Taints: +keep=out:NoSchedule/)
    await all.k('taint node node-1 keep-')
    assert.equal(await all.k('cordon node-1'), 'node/node-1 cordoned\n')
    assert.match(await all.k('get node node-1'), /Ready,SchedulingDisabled/)
    const drained = await all.k('drain node-1 --ignore-daemonsets --delete-emptydir-data --timeout=50s')
    assert.match(drained, /node\/node-1 drained/)
    const left = await all.k('get pods --field-selector spec.nodeName=node-1 -o name')
    assert.equal(left, '')
    assert.equal(await all.k('uncordon node-1'), 'node/node-1 uncordoned\n')
    await settled()
  })

  test('set changes environment, resources and account', async () => {
    await all.k('set env deployment/web A=b')
    await all.k('set resources deployment/web --limits=cpu=200m,memory=64Mi')
    await all.k('set serviceaccount deployment/web default')
    await settled()
    const main = await all.k(
      'get deploy web -o jsonpath={..containers[0].env[0].value}/{..containers[0].resources.limits.cpu}',
    )
    assert.equal(main, 'b/200m')
    assert.match(await all.k('get deploy web --subresource=scale -o yaml'), /kind: Scale[^]*selector: app=web/)
  })

  test('stateful and daemon sets roll out, jobs finish', async () => {
    await all.ks(['apply', '-f', '-'], {
      input: JSON.stringify({ apiVersion: 'v1', kind: 'List', items: [stateful, daemon] }),
    })
    assert.match(await all.k('rollout status sts/db --timeout=30s'), /complete/)
    assert.equal(await all.k('get pods -l app=db -o name'), 'pod/db-0\npod/db-1\n')
    assert.match(await all.k('rollout status ds/each --timeout=30s'), /daemon set "each" successfully rolled out/)
    await all.k('create job once --image=example/job')
    await all.k('wait --for=condition=Complete job/once --timeout=30s')
    assert.match(await all.k('describe job once'), /1 Succeeded/)
    await all.ks(['create', 'cronjob', 'often', '--image=example/job', '--schedule=*/5 * * * *'])
    await all.k('create job now --from=cronjob/often')
    await all.k('delete sts,ds,job,cronjob --all')
  })

  test('a changed stateful set rolls out', async () => {
    await all.ks(['apply', '-f', '-'], { input: JSON.stringify(stateful) })
    await all.k('rollout status sts/db --timeout=30s')
    await all.k('rollout restart sts/db')
    await all.k('rollout status sts/db --timeout=10s')
  })

  test('delete --cascade: orphan, foreground, background', async () => {
    const orphaned = async (text: string) => all.ks(['apply', '-f', '-'], { input: text })
    await orphaned(deployment('kept', { replicas: 1 }))
    await all.k('rollout status deployment/kept --timeout=40s')
    await all.k('delete deployment kept --cascade=orphan')
    const sets = await all.k('get rs -l app=kept -o name')
    assert.match(sets, /^replicaset\.apps\/kept-/)
    await all.ks(['wait', '--for=jsonpath={.status.replicas}=1', ...sets.trim().split('\n')])
    assert.equal(await all.k('get rs -l app=kept -o jsonpath={.items[*].metadata.ownerReferences}'), '')
    await all.k('delete rs -l app=kept --cascade=foreground --timeout=50s')
    assert.equal(await all.k('get pods -l app=kept -o name'), '')
    await all.k('delete deployment web --cascade=background')
    await all.k('wait --for=delete pod -l app=web --timeout=50s')
    assert.equal(await all.k('get rs,pods -l app=web -o name'), '')
  })
})
