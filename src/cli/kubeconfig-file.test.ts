import assert from 'node:assert/strict'
import { mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { parseYaml } from '#codec/yaml.ts'
import { dropKubeconfig, mergeKubeconfig } from './kubeconfig-file.ts'

const ours = (server: string): string => `
apiVersion: v1
kind: Config
clusters: [{name: bulwark-a, cluster: {server: "${server}"}}]
users: [{name: bulwark-a, user: {}}]
contexts: [{name: bulwark-a, context: {cluster: bulwark-a, user: bulwark-a}}]
current-context: bulwark-a
`
const foreign = `
apiVersion: v1
kind: Config
clusters: [{name: prod, cluster: {server: "https://prod"}}]
users: [{name: prod, user: {token: abc}}]
contexts: [{name: prod, context: {cluster: prod, user: prod, namespace: x}}]
current-context: prod
preferences: {colors: true}
`

test('our entry goes in, is replaced and goes out; foreign ones stay', async () => {
  const dir = await mkdtemp(join(tmpdir(), 'kubeconfig-'))
  const file = join(dir, 'sub', 'config')
  try {
    await mergeKubeconfig(file, ours('https://1'))
    assert.equal((await stat(file)).mode & 0o777, 0o600)
    await writeFile(file, foreign)
    await mergeKubeconfig(file, ours('https://1'))
    await mergeKubeconfig(file, ours('https://2'))
    const merged = parseYaml(await readFile(file, 'utf8')) as Record<string, unknown>
    assert.deepEqual(merged['clusters'], [
      { name: 'prod', cluster: { server: 'https://prod' } },
      { name: 'bulwark-a', cluster: { server: 'https://2' } },
    ])
    assert.equal(merged['current-context'], 'bulwark-a')
    assert.deepEqual(merged['preferences'], { colors: true })
    assert.equal((await stat(file)).mode & 0o777, 0o600)
    await dropKubeconfig(file, 'bulwark-a')
    const { 'current-context': _, ...before } = parseYaml(foreign) as Record<string, unknown>
    assert.deepEqual(parseYaml(await readFile(file, 'utf8')), before)
  } finally {
    await rm(dir, { recursive: true })
  }
})

test('a file that is no kubeconfig is left alone', async () => {
  const dir = await mkdtemp(join(tmpdir(), 'kubeconfig-'))
  const file = join(dir, 'config')
  try {
    await writeFile(file, '- a\n- b\n')
    await assert.rejects(mergeKubeconfig(file, ours('https://1')), /left alone/)
    assert.equal(await readFile(file, 'utf8'), '- a\n- b\n')
  } finally {
    await rm(dir, { recursive: true })
  }
})
