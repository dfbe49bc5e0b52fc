/** A containerd of our own: comes up, runs a sandbox from the offline pause image, is adopted, is purged. */
import assert from 'node:assert/strict'
import { existsSync, readFileSync, readdirSync } from 'node:fs'
import { test } from 'node:test'
import { makeGroup } from '#node/cgroups.ts'
import { startContainerd } from '#node/containerd/instance.ts'
import { mountsUnder, purgeContainerd } from '#node/containerd/purge.ts'
import { privateNode, skip } from './engines.ts'

const namespaces = (): readonly string[] => (existsSync('/run/netns') ? readdirSync('/run/netns') : [])

test('starts, runs a sandbox, is adopted, and leaves nothing behind', { skip, timeout: 300_000 }, async () => {
  const options = await privateNode()
  const before = namespaces()
  const cgroup = `/${options.name}`
  const first = await startContainerd(options)
  await first.setNetwork('10.251.7.0/24')
  await makeGroup(`${cgroup}/pod1`, { cpuRequest: 100, memoryLimit: 64 << 20, pids: 100 })
  const { podSandboxId } = await first.cri.runtime.runPodSandbox({
    config: {
      metadata: { name: 'a', uid: '1', namespace: 'default', attempt: 0 },
      hostname: 'a',
      linux: { cgroupParent: `${cgroup}/pod1`, securityContext: { namespaceOptions: { pid: 1 } } },
    },
  })
  first.cri.close()

  const second = await startContainerd(options)
  const { status } = await second.cri.runtime.podSandboxStatus({ podSandboxId })
  assert.match(status?.network?.ip ?? '', /^10\.251\.7\./)
  assert.equal(readFileSync(`/sys/fs/cgroup/pids${cgroup}/pod1/pids.max`, 'utf8').trim(), '100')
  await second.stop()

  await purgeContainerd(options, cgroup)
  assert.equal(existsSync(options.dir), false)
  assert.deepEqual(mountsUnder(readFileSync('/proc/self/mountinfo', 'utf8'), options.dir), [])
  assert.deepEqual(namespaces(), before)
  assert.equal(existsSync(`/sys/fs/cgroup/memory${cgroup}`), false)
})
