/** why, who-can and what-if as a user types them, at a cluster with a record on disk. */
import assert from 'node:assert/strict'
import { execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { promisify } from 'node:util'
import { unpacked } from '../tools/clients.ts'
import { freePorts } from '../store/etcd.ts'

const run = promisify(execFile)
const program = join(import.meta.dirname, '../../src/main.ts')
const dir = mkdtempSync(join(tmpdir(), 'bw-answers-'))
const place = ['--name', 'answers', '--data-dir', dir]
const env = { ...process.env, KUBECONFIG: join(dir, 'merged') }

interface Ended {
  readonly code: number
  readonly out: string
  readonly talk: string
}

async function ended(command: string, args: readonly string[]): Promise<Ended> {
  try {
    const { stdout, stderr } = await run(command, args, { env, timeout: 60_000 })
    return { code: 0, out: stdout, talk: stderr }
  } catch (error) {
    const { code, stdout = '', stderr = '' } = error as { code?: number; stdout?: string; stderr?: string }
    return { code: code ?? -1, out: stdout, talk: stderr }
  }
}

const bulwark = (verb: string, ...args: readonly string[]): Promise<Ended> =>
  ended(process.execPath, [program, verb, ...args, ...place])
const kubectl = (kubeconfig: string, ...args: readonly string[]): Promise<Ended> =>
  ended(unpacked('kubectl'), ['--kubeconfig', join(dir, kubeconfig), ...args])

const [port = 0] = await freePorts(1)

const up = async (): Promise<void> => {
  const { code, talk } = await bulwark('up', '--detach', '--nodes', 'simulated=1', '--port', String(port))
  assert.equal(code, 0, talk)
}

before(async () => {
  await up()
  const ann = await ended(process.execPath, [program, 'user', 'add', 'ann', ...place])
  assert.equal(ann.code, 0, ann.talk)
  writeFileSync(join(dir, 'ann.kubeconfig'), ann.out, { mode: 0o600 })
})
after(async () => {
  await bulwark('down', '--purge')
  rmSync(dir, { recursive: true, force: true })
})

let number = ''

test('why tells of a refusal by its number, and what would allow it does', async () => {
  const refused = await kubectl('ann.kubeconfig', 'delete', 'pod', 'web')
  assert.match(refused.talk, /pods "web" is forbidden/)
  const newest = await kubectl('answers/kubeconfig', 'get', 'decisions', '-o', 'jsonpath={.items[-1:].metadata.name}')
  number = newest.out
  const { code, out } = await bulwark('why', number)
  assert.equal(code, 0)
  assert.match(out, /^Refused: pods "web" is forbidden/)
  assert.match(out, /^Who: {5}ann /m)
  const commands = [...out.matchAll(/^ {2}kubectl (.*)$/gm)].map(([, line = '']) => line.split(' '))
  assert.equal(commands.length, 2)
  for (const command of commands) assert.equal((await kubectl('answers/kubeconfig', ...command)).code, 0)
  assert.match((await kubectl('ann.kubeconfig', 'delete', 'pod', 'web')).talk, /not found/)
  assert.match((await bulwark('why', number)).out, /It is allowed by now/)
})

test('why tells of a pod by its name: what keeps it from each node, or who would not have it made', async () => {
  const run = ['run', 'big', '--image=i', '--overrides', '{"spec":{"nodeSelector":{"disk":"ssd"}}}']
  const made = await kubectl('answers/kubeconfig', ...run)
  assert.equal(made.code, 0, made.talk)
  const wait = ['wait', 'pod/big', '--for=condition=PodScheduled=false', '--timeout=20s']
  assert.equal((await kubectl('answers/kubeconfig', ...wait)).code, 0)
  const { code, out, talk } = await bulwark('why', 'pod/big')
  assert.equal(code, 0, talk)
  assert.match(out, /^Refused: 0\/1 nodes are available: 1 node\(s\) didn't match Pod's node affinity\/selector\./)
  assert.match(out, /^Allowed: on node-0: kubectl label node node-0 disk=ssd; or leave it out of spec.nodeSelector$/m)
  assert.match(
    out,
    /^ {2}node-0\n {4}NodeAffinity: .*\n {6}spec\.nodeSelector\[disk\]: ssd; node node-0 has no such label$/m,
  )
  const bad = ['run', 'bad', '--image=i', '--privileged']
  assert.match((await kubectl('answers/kubeconfig', ...bad)).talk, /violates PodSecurity/)
  const refused = await bulwark('why', 'pod/bad', '-n', 'default')
  assert.match(refused.out, /^By: {6}PodSecurity, Namespace default$/m, refused.talk)
  assert.equal((await bulwark('why', 'pod/nobody')).code, 3)
  assert.equal((await bulwark('why', 'pod/big', '-n', 'elsewhere')).code, 3)
})

test('what is no number, or of nothing, ends with the right code', async () => {
  assert.equal((await bulwark('why', 'x')).code, 2)
  assert.equal((await bulwark('why', '000000000000')).code, 3)
})

test('who-can lists subjects with the way, in text and JSON', async () => {
  const { out } = await bulwark('who-can', 'delete', 'po', 'web')
  assert.match(
    out,
    /^User ann\n {2}holds the right\n {4}by RoleBinding default\/delete-pods, Role default\/delete-pods, rule 1$/m,
  )
  const found = JSON.parse((await bulwark('who-can', 'delete', 'pods', '-n', 'kube-system', '-o', 'json')).out) as {
    subject: { name: string }
  }[]
  assert.ok(found.every(one => one.subject.name !== 'ann'))
  assert.ok(found.length > 0)
  assert.equal((await bulwark('who-can', 'delete', 'a/b/c')).code, 2)
})

test('a reader that has had enough is no error', async () => {
  const child = spawn(process.execPath, [program, 'who-can', 'get', 'pods', ...place], { env, stdio: 'pipe' })
  let talk = ''
  child.stderr.on('data', (part: Buffer) => (talk += part.toString()))
  child.stdout.destroy()
  const [code] = await once(child, 'close')
  assert.equal(code, 0, talk)
  assert.equal(talk, '')
})

test('what-if tells which recorded requests would be answered otherwise', async () => {
  const roles = (verbs: string): string => `
apiVersion: rbac.authorization.k8s.io/v1
kind: Role
metadata: { name: delete-pods, namespace: default }
rules: [{ verbs: [${verbs}], apiGroups: [""], resources: [pods] }]
`
  const file = join(dir, 'role.yaml')
  writeFileSync(file, roles('get'))
  const less = await bulwark('what-if', '-f', file, '--since', '1h')
  assert.match(less.out, /^would be refused: ann delete pods web in default \(2 times, last /m)
  writeFileSync(file, roles('delete, list'))
  assert.equal((await kubectl('ann.kubeconfig', 'get', 'pods')).code, 1)
  const more = await bulwark('what-if', '-f', file)
  assert.match(more.out, /^would be allowed: ann list pods in default \(1 times/m)
  // What was refused then, is allowed by now and would not be: said as that.
  assert.equal((await kubectl('answers/kubeconfig', 'apply', '-f', file)).code, 0)
  writeFileSync(file, roles('delete'))
  const again = await bulwark('what-if', '-f', file)
  assert.match(
    again.out,
    /^would be refused: ann list pods in default \(1 times, last \S+, was refused then, too: it is allowed by now\)$/m,
  )
  assert.doesNotMatch(again.out, /delete/)
  const [told] = JSON.parse((await bulwark('what-if', '-f', file, '-o', 'json')).out) as { recorded?: string }[]
  assert.equal(told?.recorded, 'refused')
  writeFileSync(file, 'apiVersion: v1\nkind: Pod\nmetadata: { name: x }\n')
  assert.equal((await bulwark('what-if', '-f', file)).code, 2)
})

test('what the server has forgotten is still on record', async () => {
  assert.equal((await bulwark('down')).code, 0)
  await up()
  const { code, out } = await bulwark('why', number)
  assert.equal(code, 0)
  assert.match(out, /^Refused: pods "web" is forbidden/)
  assert.match(out, /^By: {6}no authorizer allows it/m)
})
