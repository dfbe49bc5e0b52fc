/** kubectl as somebody: what they may do, tokens, impersonation, refusals. */
import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { skip } from '../tools/clients.ts'
import { type ClientCluster, startClientCluster } from './cluster.ts'

const robot = 'system:serviceaccount:team:robot'

describe('kubectl and access', { skip }, () => {
  let all: ClientCluster
  before(async () => {
    all = await startClientCluster(0)
    await all.k('create namespace team')
    await all.k('create serviceaccount robot -n team')
    await all.k('create role reader --verb=get,list --resource=pods -n team')
    await all.k('create rolebinding reads --role=reader --serviceaccount=team:robot -n team')
  })
  after(() => all.stop())

  test('auth can-i, whoami, and lists of rights', async () => {
    assert.equal(await all.k('auth can-i delete nodes'), 'yes\n')
    assert.equal(await all.k(`auth can-i list pods -n team --as=${robot}`), 'yes\n')
    const no = await all.ran('kubectl', ['auth', 'can-i', 'delete', 'pods', '-n', 'team', `--as=${robot}`])
    assert.equal(no.code, 1)
    assert.equal(no.stdout, 'no\n')
    assert.match(await all.k(`auth can-i --list -n team --as=${robot}`), /pods +\[\] +\[\] +\[get list\]/)
    assert.match(await all.k('auth whoami'), /Username +bulwark:test\n/)
    assert.match(
      await all.k(`auth whoami --as=${robot}`),
      new RegExp(`Username +${robot}\n[^]*system:serviceaccounts:team`),
    )
  })

  test('impersonation acts with the rights of the other', async () => {
    const refused = await all.ran('kubectl', ['get', 'secrets', '-n', 'team', '--as=jane', '--as-group=devs'])
    assert.equal(
      refused.stderr,
      'Error from server (Forbidden): secrets is forbidden: User "jane" cannot list resource "secrets" in API group "" in the namespace "team"\n',
    )
    await all.k('create clusterrolebinding devs --clusterrole=view --group=devs')
    assert.equal(await all.k('get pods -n team --as=jane --as-group=devs -o name'), '')
  })

  test('a token is somebody, and may not become somebody else', async () => {
    const token = (await all.k('create token robot -n team --duration=10m')).trim()
    assert.equal(token.split('.').length, 3)
    const config = all.file('robot.yaml', '')
    const { clusters } = JSON.parse(await all.k('config view --raw -o json')) as { clusters: { cluster: object }[] }
    const context = { cluster: 'c', user: 'u', namespace: 'team' }
    all.file(
      'robot.yaml',
      JSON.stringify({
        apiVersion: 'v1',
        kind: 'Config',
        clusters: [{ name: 'c', cluster: clusters[0]?.cluster }],
        users: [{ name: 'u', user: { token } }],
        contexts: [{ name: 'x', context }],
        'current-context': 'x',
      }),
    )
    const as = (args: string) => all.ran('kubectl', [`--kubeconfig=${config}`, ...args.split(' ')])
    assert.match((await as('auth whoami')).stdout, new RegExp(`Username +${robot}\n`))
    assert.match((await as('get pods')).stderr, /No resources found in team namespace/)
    assert.match(
      (await as('get pods -A')).stderr,
      /User ".*robot" cannot list resource "pods" in API group "" at the cluster scope/,
    )
    assert.equal(
      (await as('get pods --as=bulwark:test --as-group=system:masters')).stderr,
      `Error from server (Forbidden): users "bulwark:test" is forbidden: User "${robot}" cannot impersonate resource "users" in API group "" at the cluster scope\n`,
    )
    await all.k('delete serviceaccount robot -n team')
    const gone = await as('get pods')
    assert.equal(gone.code, 1)
    assert.match(gone.stderr, /You must be logged in to the server/)
  })
})
