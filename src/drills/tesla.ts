/**
 * Tesla, February 2018: a console of Kubernetes stood open on the internet. Through it strangers ran miners in pods, kept
 * them quiet behind another's address, and found keys of the cloud account in a pod.
 */
import { readFile, writeFile } from 'node:fs/promises'
import {
  clusterRoles,
  endpoints as endpointsResource,
  pods,
  roleBindings,
  secrets,
  serviceAccounts,
} from '#kinds/facts/generated/refs.ts'
import type { Arena } from './arena.ts'
import { type Drill, allRefused, onRecord, refusedWith, together } from './step.ts'

const shop = '/api/v1/namespaces/shop'
const rbac = '/apis/rbac.authorization.k8s.io/v1'
const developer = 'system:serviceaccount:shop:app'

/** Tokens that the attacker gets hold of on the way. */
const stolen = new WeakMap<Arena, { readonly console: string; readonly developer: string }>()

function tokens(arena: Arena): { readonly console: string; readonly developer: string } {
  const found = stolen.get(arena)
  if (found === undefined) throw new Error('the drill was not prepared')
  return found
}

const container = (name: string, more: object = {}) => ({ name, image: 'registry.example/xmrig:latest', ...more })
const minerPod = (name: string, spec: object, more: object = {}) => ({
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name },
  spec: { containers: [container('miner', more)], ...spec },
})

async function prepare(arena: Arena): Promise<void> {
  const app = await arena.tenant('shop', 'edit')
  const { admin } = arena
  await admin.create(serviceAccounts, {
    apiVersion: 'v1',
    kind: 'ServiceAccount',
    metadata: { name: 'console', namespace: 'shop' },
  })
  // As it was: whoever set up the console let it bind roles, so that it could invite people.
  await admin.create(clusterRoles, {
    apiVersion: 'rbac.authorization.k8s.io/v1',
    kind: 'ClusterRole',
    metadata: { name: 'console' },
    rules: [
      { verbs: ['get', 'list', 'watch'], apiGroups: [''], resources: ['pods', 'services', 'events'] },
      {
        verbs: ['get', 'list', 'create', 'update', 'patch'],
        apiGroups: ['rbac.authorization.k8s.io'],
        resources: ['roles', 'rolebindings'],
      },
    ],
  })
  await admin.create(roleBindings, {
    apiVersion: 'rbac.authorization.k8s.io/v1',
    kind: 'RoleBinding',
    metadata: { name: 'console', namespace: 'shop' },
    roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: 'console' },
    subjects: [{ kind: 'ServiceAccount', name: 'console', namespace: 'shop' }],
  })
  await admin.create(secrets, {
    apiVersion: 'v1',
    kind: 'Secret',
    metadata: { name: 'cloud', namespace: 'shop' },
    data: { key: Buffer.from(cloudKey).toString('base64') },
  })
  await admin.create(pods, {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name: 'web', namespace: 'shop' },
    spec: {
      nodeName: 'node-0',
      containers: [
        {
          name: 'web',
          image: 'registry.example/web:1',
          env: [{ name: 'KEY', valueFrom: { secretKeyRef: { name: 'cloud', key: 'key' } } }],
        },
      ],
    },
  })
  stolen.set(arena, { developer: app, console: await arena.tokenOf('shop', 'console') })
}

const cloudKey = 'AKIA-not-a-key-of-anybody'

const bindEdit = {
  apiVersion: 'rbac.authorization.k8s.io/v1',
  kind: 'RoleBinding',
  metadata: { name: 'more' },
  roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: 'cluster-admin' },
  subjects: [{ kind: 'ServiceAccount', name: 'console', namespace: 'shop' }],
}
const roleOfEverything = {
  apiVersion: 'rbac.authorization.k8s.io/v1',
  kind: 'Role',
  metadata: { name: 'everything' },
  rules: [{ verbs: ['*'], apiGroups: ['*'], resources: ['*'] }],
}

async function tampered(arena: Arena) {
  const before = await arena.verify()
  const log = arena.files.log()
  const text = await readFile(log, 'utf8')
  // Whoever is on the machine writes another name in the place of their own.
  await writeFile(log, text.replaceAll(developer, 'system:serviceaccount:shop:someone'))
  const after = await arena.verify()
  const found = before !== undefined && before.problem === undefined && after?.problem !== undefined
  const evidence = [
    `before: ${before?.records ?? 0} records, whole`,
    `bulwark audit verify: ${after?.problem?.message ?? 'the record is whole'}`,
  ]
  return found ? ({ result: 'detected', evidence } as const) : ({ result: 'succeeded', evidence } as const)
}

export const tesla: Drill = {
  name: 'tesla',
  title: 'Tesla, 2018: an open console, miners in pods, keys of a cloud in a pod',
  prepare,
  realNode:
    "a real node would add: what is in the miner's container is bound by seccomp, its own user and 4096 processes, the cloud's metadata is closed to it, and the node's own API asks for a certificate",
  steps: [
    {
      name: 'The open console',
      story: 'The console asked for no password.',
      attack: async arena =>
        refusedWith(
          401,
          await arena.call('GET', '/api/v1/pods'),
          await arena.call('GET', '/apis'),
          await arena.call('GET', `${shop}/secrets/cloud`),
          await arena.call('POST', `${shop}/pods`, { body: minerPod('miner', {}) }),
          await arena.call('GET', `${shop}/pods/web/exec?command=id&stdout=true`),
          await arena.call('GET', '/api/v1/pods', {
            headers: { 'x-remote-user': 'admin', 'x-remote-group': 'system:masters' },
          }),
        ),
    },
    {
      name: 'The console makes itself administrator',
      story: 'The console could do everything in the cluster.',
      attack: async arena => {
        const { console: token } = tokens(arena)
        return refusedWith(
          403,
          await arena.call('POST', `${rbac}/namespaces/shop/rolebindings`, { token, body: bindEdit }),
          await arena.call('POST', `${rbac}/namespaces/shop/roles`, { token, body: roleOfEverything }),
          await arena.call('POST', `${rbac}/clusterrolebindings`, {
            token,
            body: { ...bindEdit, kind: 'ClusterRoleBinding' },
          }),
        )
      },
    },
    {
      name: 'A miner that owns the node',
      story: 'Miners ran with whatever rights they wanted.',
      attack: async arena => {
        const { developer: token } = tokens(arena)
        const post = (body: object) => arena.call('POST', `${shop}/pods`, { token, body })
        return refusedWith(
          403,
          await post(minerPod('privileged', {}, { securityContext: { privileged: true } })),
          await post(minerPod('host', { hostPID: true, hostNetwork: true })),
          await post(minerPod('disk', { volumes: [{ name: 'v', hostPath: { path: '/' } }] })),
          await post(minerPod('modules', {}, { securityContext: { capabilities: { add: ['SYS_MODULE'] } } })),
        )
      },
    },
    {
      name: 'A miner on every node',
      story: 'Miners were spread over the cluster.',
      attack: async arena => {
        const { developer: token } = tokens(arena)
        const body = {
          apiVersion: 'apps/v1',
          kind: 'DaemonSet',
          metadata: { name: 'miners' },
          spec: {
            selector: { matchLabels: { app: 'm' } },
            template: { metadata: { labels: { app: 'm' } }, spec: { hostNetwork: true, containers: [container('m')] } },
          },
        }
        const reply = await arena.call('POST', '/apis/apps/v1/namespaces/shop/daemonsets', { token, body })
        return await noPods(arena, reply.warnings)
      },
    },
    {
      name: 'A quiet miner',
      story: 'They kept the load low so that nobody looked.',
      attack: async arena => {
        const { developer: token } = tokens(arena)
        const reply = await arena.call('POST', `${shop}/pods`, { token, body: minerPod('quiet', {}) })
        return onRecord(arena, reply, { user: developer, verb: 'create', resource: 'pods' })
      },
    },
    {
      name: "Hidden behind somebody else's address",
      story: 'They hid the address of their pool behind a service of another.',
      attack: async arena => {
        const { developer: token } = tokens(arena)
        const spec = { selector: { app: 'm' }, ports: [{ port: 443 }], externalIPs: ['203.0.113.9'] }
        const service = { apiVersion: 'v1', kind: 'Service', metadata: { name: 'pool' }, spec }
        return allRefused(await arena.call('POST', `${shop}/services`, { token, body: service }))
      },
    },
    {
      name: "The cloud's keys",
      story: 'A pod had keys of the cloud account.',
      attack: async arena => {
        const { console: token } = tokens(arena)
        return refusedWith(
          403,
          await arena.call('GET', `${shop}/secrets/cloud`, { token }),
          await arena.call('GET', `${shop}/secrets`, { token }),
          await arena.call('GET', `${shop}/secrets?watch=true&timeoutSeconds=1&fieldSelector=metadata.name%3Dcloud`, {
            token,
          }),
          await arena.call('POST', `${shop}/pods/web/exec?command=env&stdout=true`, { token }),
          await arena.call('GET', `${shop}/pods/web/proxy/`, { token }),
        )
      },
    },
    {
      name: "The cloud's keys, by somebody who may read them",
      story: 'Whoever was in the namespace could read them, and nobody saw.',
      attack: async arena => {
        const { developer: token } = tokens(arena)
        const reply = await arena.call('GET', `${shop}/secrets/cloud`, { token })
        const seen = await onRecord(arena, reply, { user: developer, verb: 'get', resource: 'secrets' })
        const recorded = (await readFile(arena.files.log(), 'utf8')).includes(Buffer.from(cloudKey).toString('base64'))
        return recorded ? { result: 'succeeded', evidence: ['the key itself is on record'] } : seen
      },
    },
    {
      name: "The cloud's metadata, through the API",
      story: 'Instances of clouds give their keys to whoever asks at 169.254.169.254.',
      attack: async arena => {
        const { developer: token } = tokens(arena)
        const endpoints = {
          apiVersion: 'v1' as const,
          kind: 'Endpoints' as const,
          metadata: { name: 'metadata' },
          subsets: [{ addresses: [{ ip: '169.254.169.254' }], ports: [{ port: 80 }] }],
        }
        const slice = {
          apiVersion: 'discovery.k8s.io/v1',
          kind: 'EndpointSlice',
          metadata: { name: 'metadata', labels: { 'kubernetes.io/service-name': 'metadata' } },
          addressType: 'IPv4',
          endpoints: [{ addresses: ['169.254.169.254'] }],
          ports: [{ port: 80 }],
        }
        return together(
          allRefused(await arena.call('POST', `${shop}/endpoints`, { token, body: endpoints })),
          allRefused(
            await arena.call('POST', '/apis/discovery.k8s.io/v1/namespaces/shop/endpointslices', {
              token,
              body: slice,
            }),
          ),
          // What a namespace's own people may not, whoever has all rights may not either.
          refusedWith(
            422,
            await arena.as({ name: 'platform', groups: ['system:masters'] }, 'points a service there', client =>
              client.create(endpointsResource, { ...endpoints, metadata: { name: 'metadata', namespace: 'shop' } }),
            ),
          ),
        )
      },
    },
    { name: 'Covered tracks', story: 'Nobody knew how long they had been there.', attack: tampered },
  ],
}

/** Whether the pods of it were refused. */
async function noPods(arena: Arena, warnings: readonly string[]) {
  const end = performance.now() + 10_000
  for (;;) {
    const page = await arena.call('GET', `${shop}/pods?labelSelector=app%3Dm`, { token: tokens(arena).developer })
    const { items } = JSON.parse(page.body) as { items: readonly unknown[] }
    if (items.length > 0) return { result: 'succeeded', evidence: [`${items.length} pods run`] } as const
    const refusal = await refusalOf(arena)
    if (refusal !== undefined) return { result: 'prevented', evidence: [...warnings, refusal] } as const
    if (performance.now() > end) return { result: 'succeeded', evidence: ['nobody refused its pods'] } as const
  }
}

/** What the controller was told when it made the pods, as an event says. */
async function refusalOf(arena: Arena): Promise<string | undefined> {
  const { body } = await arena.call('GET', `${shop}/events`, { token: tokens(arena).developer })
  const { items } = JSON.parse(body) as { items: readonly { readonly message?: string }[] }
  return items
    .map(one => one.message ?? '')
    .find(one => one.startsWith('Error creating: ') && one.includes('PodSecurity'))
}
