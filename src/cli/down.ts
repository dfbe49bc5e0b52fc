/** `bulwark down`: nothing is left but the data directory; with --purge not even that. */
import { existsSync } from 'node:fs'
import { rm } from 'node:fs/promises'
import { setTimeout as sleep } from 'node:timers/promises'
import { stopDns } from '#network/dns/process.ts'
import { endGivenPods } from '#node/containerd/given.ts'
import { endPods, purgeContainerd } from '#node/containerd/purge.ts'
import { dropRecord, isAlive, readRecord } from '#node/containerd/record.ts'
import { type ClusterConfig, readConfig } from '#processes/config.ts'
import { containerdOptions, nodeCgroup } from '#processes/engines.ts'
import type { Layout, Role } from '#processes/layout.ts'
import { removeTraces } from '#processes/traces.ts'
import { setupNode } from '#setup/node.ts'
import { enginesDirectory } from '#processes/engines.ts'
import { dropKubeconfig, userKubeconfig } from './kubeconfig-file.ts'
import { dropLink, processesIn } from './netns.ts'
import { CommandError, contextOf, placeOf } from './place.ts'
import type { Progress } from './progress.ts'

export interface DownOptions {
  readonly name: string
  readonly dataDir?: string
  readonly purge?: boolean
}

/** Milliseconds until a process that was asked to end is ended. */
const patience = 20_000

async function end(at: Layout, role: Role): Promise<void> {
  const file = at.record(role)
  const record = readRecord(file)
  if (record !== undefined && isAlive(record)) {
    process.kill(record.pid, 'SIGTERM')
    for (let waited = 0; isAlive(record) && waited < patience; waited += 20) await sleep(20)
    if (isAlive(record)) process.kill(record.pid, 'SIGKILL')
    while (isAlive(record)) await sleep(10)
  }
  dropRecord(file)
}

async function endNode(at: Layout, config: ClusterConfig, purge: boolean): Promise<void> {
  if (config.runtimeSocket === undefined) await endOwnRuntime(at, config, purge)
  else await endGivenPods(config.runtimeSocket, { dir: at.node, cgroup: nodeCgroup(config.name) })
  await removeTraces(config)
}

async function endOwnRuntime(at: Layout, config: ClusterConfig, purge: boolean): Promise<void> {
  const tools = await setupNode({ engines: enginesDirectory(), say: () => undefined })
  const options = containerdOptions(config, at, tools)
  if (config.netns !== undefined && !existsSync(config.netns)) await rm(options.dir, { recursive: true, force: true })
  else if (purge) await purgeContainerd(options, nodeCgroup(config.name))
  else await endPods(options, nodeCgroup(config.name))
}

/** @throws CommandError when there is no such cluster. */
export async function down(options: DownOptions, progress: Progress): Promise<void> {
  const at = placeOf(options)
  if (!existsSync(at.config)) {
    if (options.purge === true && existsSync(at.dir)) await rm(at.dir, { recursive: true, force: true })
    throw new CommandError(`there is no cluster ${options.name} in ${at.dir}`)
  }
  const config = readConfig(at.config)
  progress.step('Stopping the supervisor and the agent')
  for (const role of ['supervisor', 'agent'] as const) await end(at, role)
  if (config.nodes === 'real') {
    progress.step('Stopping DNS and containers')
    await stopDns(at.node)
    await endNode(at, config, options.purge === true)
  }
  progress.step('Stopping the server')
  await end(at, 'server')
  if (config.netns !== undefined) {
    for (const pid of await processesIn(config.name)) process.kill(pid, 'SIGKILL')
    await dropLink(config.name)
  }
  await dropKubeconfig(userKubeconfig(process.env), contextOf(config.name))
  if (options.purge === true) await rm(at.dir, { recursive: true, force: true })
  progress.done(
    options.purge === true
      ? `Cluster ${config.name} is gone.`
      : `Cluster ${config.name} is stopped; its data stay in ${at.dir}.`,
  )
}
