/** A control plane whose objects are judged, on a machine that the test describes. */
import type { KObject } from '../../src/api/metadata.ts'
import type { Control, Verdict } from '../../src/posture/control.ts'
import { cis } from '../../src/posture/cis/controls.ts'
import type { Facts, FileFacts, Machine } from '../../src/posture/facts.ts'
import { readObjects } from '../../src/posture/objects.ts'
import { policyFacts } from '../../src/posture/recording.ts'
import type { ClusterConfig } from '../../src/processes/config.ts'
import { config } from '../../src/processes/fixture.ts'
import { layout } from '../../src/processes/layout.ts'
import { effectiveFlags } from '../../src/processes/settings/effective.ts'
import { usualSettings } from '../../src/server/admission/pod-security/settings.ts'
import type { SocketFacts } from '../../src/processes/sockets/sockets.ts'
import type { Wire } from '../api/wire.ts'

export const at = layout('/data/default')

export const now = Date.parse('2026-01-01T00:00:00Z')

const socket = (owner: SocketFacts['owner'], address: string, other: Partial<SocketFacts> = {}): SocketFacts => ({
  owner,
  pid: 1,
  protocol: 'tcp',
  address,
  exposure: 'node',
  purpose: 'a purpose',
  authentication: 'certificate',
  tls: true,
  known: true,
  ...other,
})

export const stranger = (address: string): SocketFacts =>
  socket('server', address, { known: false, purpose: 'unknown' })

export const good: Machine = {
  uid: 0,
  file: () => ({ mode: 0o600, uid: 0, gid: 0 }),
  below: path => [`${path}/file`],
  certificate: () => ({
    commonName: 'system:node:node-a',
    organizations: ['system:nodes'],
    until: now + 200 * 24 * 3600 * 1000,
  }),
  sockets: [socket('server', '192.0.2.7:6443'), socket('agent', '192.0.2.7:10250')],
}

/** The same machine, but for one file. */
export const withFile = (path: string, file: Partial<FileFacts>): Machine => ({
  ...good,
  file: asked => ({ mode: 0o600, uid: 0, gid: 0, ...(asked === path ? file : {}) }),
})

/** Metadata alone, as `bulwark posture` asks for it. */
const namesOf =
  (wire: Wire) =>
  async (path: string): Promise<readonly KObject[]> => {
    const accept = 'application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1'
    const { json, status, text } = await wire.call('GET', path, { headers: { accept } })
    if (status !== 200) throw new Error(text)
    return json.items
  }

export interface Different extends Omit<Partial<Facts>, 'config' | 'flags'> {
  readonly config?: Partial<ClusterConfig>
}

/** What `bulwark posture` would gather, with what the test says otherwise. */
export async function factsOf(wire: Wire, { config: other = {}, ...different }: Different = {}): Promise<Facts> {
  const all = { ...config, ...other }
  return {
    config: all,
    layout: at,
    flags: effectiveFlags(all, at),
    machine: good,
    probes: { api: 401, profiling: 404, agent: undefined },
    objects: await readObjects(wire.cluster.client, namesOf(wire)),
    podSecurity: usualSettings,
    audit: { whole: true, says: '12 records' },
    auditPolicy: policyFacts(all),
    networkPolicies: { enforced: true, says: 'table inet bulwark-default of the kernel has policy-sent' },
    now,
    ...different,
  }
}

export function verdictOf(facts: Facts, id: string, list: readonly Control[] = cis): Verdict {
  const control = list.find(one => one.id === id)
  if (control === undefined) throw new Error(`there is no control ${id}`)
  return control.check(facts)
}

/** What it says of a failure, `PLACE: LINE` each; 'pass' or the reason where it is none. */
export function told(facts: Facts, id: string, list?: readonly Control[]): string {
  const verdict = verdictOf(facts, id, list)
  if (verdict.state === 'pass') return 'pass'
  if (verdict.state === 'not applicable') return `not applicable: ${verdict.reason}`
  if (verdict.fix === '') throw new Error(`${id} says nothing of what to do`)
  return verdict.proof.map(({ place, says }) => `${place}: ${says}`).join('\n')
}
