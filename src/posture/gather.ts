/** Reads everything that controls look at from a cluster that runs. */
import { makeClient } from '#client/client.ts'
import { httpsTransport } from '#client/https.ts'
import { type Access, loadKubeconfig } from '#client/kubeconfig.ts'
import type { KObject } from '#api/metadata.ts'
import { enforcement } from '#network/enforced.ts'
import { readAdmissionFile } from '#processes/admission-file.ts'
import type { ClusterConfig } from '#processes/config.ts'
import type { Layout } from '#processes/layout.ts'
import { effectiveFlags } from '#processes/settings/effective.ts'
import { usualSettings } from '#server/admission/pod-security/settings.ts'
import { etcdFacts } from './etcd/facts.ts'
import type { Facts, Objects, Probes } from './facts.ts'
import { machineOf } from './machine.ts'
import { type ListNames, readObjects } from './objects.ts'
import { ask } from './probe.ts'
import { policyFacts, recordFacts } from './recording.ts'

const metadataOnly = 'application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1'

/** @throws Error where it is not answered */
const namesBy = ({ server, authority, identity }: Access): ListNames => {
  const { hostname: host, port } = new URL(server)
  return async path => {
    const answer = await ask({ host, port: Number(port), path, authority, identity, accept: metadataOnly })
    if (answer?.code !== 200) throw new Error(`${path} is answered with ${answer?.code ?? 'nothing'}`)
    const { items } = JSON.parse(answer.body) as { items: readonly KObject[] }
    return items
  }
}

async function probes(config: ClusterConfig, authority: string): Promise<Probes> {
  const stranger = async (host: string, port: number, path: string) =>
    (await ask({ host, port, path, authority }))?.code
  const api = (path: string) => stranger('127.0.0.1', config.port, path)
  const [secrets, profiling, agent] = await Promise.all([
    api('/api/v1/secrets'),
    api('/debug/pprof/'),
    config.nodes === 'real' ? stranger(config.address, config.kubeletPort, '/pods') : undefined,
  ])
  return { api: secrets, profiling, agent }
}

async function objectsBy(access: Access): Promise<Objects> {
  const transport = httpsTransport({
    server: access.server,
    authority: access.authority,
    identity: () => access.identity,
    userAgent: 'bulwark-posture',
  })
  try {
    return await readObjects(makeClient(transport.send), namesBy(access))
  } finally {
    transport.close()
  }
}

/** @param now milliseconds since the epoch @throws Error where the API does not answer, or a configuration cannot be read */
export async function gather(config: ClusterConfig, layout: Layout, now: number): Promise<Facts> {
  const access = await loadKubeconfig(layout.kubeconfig)
  const admission = config.admissionFile === undefined ? {} : readAdmissionFile(config.admissionFile)
  return {
    config,
    layout,
    flags: effectiveFlags(config, layout),
    machine: machineOf(config, layout),
    probes: await probes(config, access.authority),
    objects: await objectsBy(access),
    podSecurity: admission.podSecurity ?? usualSettings,
    audit: await recordFacts(layout.audit),
    auditPolicy: policyFacts(config),
    etcd: config.etcd === undefined ? undefined : await etcdFacts(config.etcd, access),
    networkPolicies: config.nodes === 'real' ? await enforcement(config.name, config.netns) : undefined,
    now,
  }
}
