/** Section 4: worker nodes. */
import { type Control, type Proof, fail, never, noneOf, onNode, pass } from '../control.ts'
import { renewed } from './control-plane.ts'
import { type Paths, both, modes, names, owners, proofOf, setting } from './kit.ts'

const units: Paths = ({ machine }) =>
  machine.below('/etc/systemd/system').filter(path => /\/bulwark[^/]*\.service$/.test(path))
const network: Paths = ({ layout }) => [layout.networkKubeconfig]
const agent: Paths = ({ layout }) => [layout.nodeKubeconfig]
const description: Paths = ({ layout }) => [layout.config]

const flag = (name: string, is: (value: string | undefined) => boolean, fix: string): Control['check'] =>
  onNode(setting({ component: 'kubelet', name, is, fix }))

const report = 'report this: it cannot be set otherwise'

const strangersRefused: Control['check'] = ({ probes, config, machine }) => {
  // No answer proves nothing where nobody listens.
  const listens = machine.sockets?.some(one => one.address === `${config.address}:${config.kubeletPort}`) === true
  const proof: Proof = {
    place: `https://${config.address}:${config.kubeletPort}/pods`,
    says:
      probes.agent === undefined
        ? 'no connection without a certificate'
        : `a request without credentials is answered with ${probes.agent}`,
  }
  if (!listens) return fail('bulwark status, then bulwark up', { place: 'agent', says: 'it does not listen' })
  return probes.agent === undefined || probes.agent === 401 ? pass(proof) : fail(report, proof)
}

/** The name in the certificate is the one that the API knows the node by. */
const ownName: Control['check'] = ({ machine, layout, config }) => {
  const certificate = machine.certificate(layout.nodeKubeconfig)
  const proof: Proof = {
    place: `file ${layout.nodeKubeconfig}`,
    says: `subject ${certificate?.commonName ?? 'unknown'}, node ${config.nodeName}`,
  }
  return certificate?.commonName === `system:node:${config.nodeName}`
    ? pass(proof)
    : fail('bulwark down --purge, then bulwark up', proof)
}

const noPort =
  (port: number): Control['check'] =>
  ({ machine }) =>
    noneOf(
      (machine.sockets ?? [])
        .filter(one => one.protocol === 'tcp' && one.address.endsWith(`:${port}`))
        .map(one => ({ place: `socket ${one.address}`, says: `held by ${one.owner}` })),
      'end the process that holds it: nothing of the cluster does',
      { place: 'sockets', says: `none of the cluster is on port ${port}` },
    )

const certificates =
  (kind: 'nodeKubeconfig' | 'servingCertificate'): Control['check'] =>
  facts => {
    const path = facts.layout[kind]
    const found = facts.machine.certificate(path)
    const proof: Proof = {
      place: `file ${path}`,
      says: `good until ${found === undefined ? 'nobody knows' : new Date(found.until).toISOString().slice(0, 10)}`,
    }
    return found !== undefined && found.until > facts.now
      ? pass(proof)
      : fail('bulwark down, then bulwark up: the server issues certificates anew', proof)
  }

export const worker: readonly Control[] = [
  { id: '4.1.1', title: "The agent's unit file is for its owner to change alone", check: onNode(modes(units, 0o600)) },
  { id: '4.1.2', title: "The agent's unit file belongs to root", check: onNode(owners(units)) },
  {
    id: '4.1.3',
    title: "The network's kubeconfig is for its owner to read alone",
    check: onNode(modes(network, 0o600)),
  },
  { id: '4.1.4', title: "The network's kubeconfig belongs to root", check: onNode(owners(network)) },
  { id: '4.1.5', title: "The agent's kubeconfig is for its owner to read alone", check: onNode(modes(agent, 0o600)) },
  { id: '4.1.6', title: "The agent's kubeconfig belongs to root", check: onNode(owners(agent)) },
  {
    id: '4.1.7',
    title: 'The authority that the agent believes can be changed by its owner alone',
    check: onNode(modes(agent, 0o644)),
  },
  { id: '4.1.8', title: 'The authority that the agent believes belongs to root', check: onNode(owners(agent)) },
  {
    id: '4.1.9',
    title: "The agent's configuration is for its owner to read alone",
    check: onNode(modes(description, 0o600)),
  },
  { id: '4.1.10', title: "The agent's configuration belongs to root", check: onNode(owners(description)) },
  {
    id: '4.2.1',
    title: 'Nobody speaks with the agent without credentials',
    check: onNode(
      both(
        flag('anonymous-auth', value => value === 'false', report),
        strangersRefused,
      ),
    ),
  },
  {
    id: '4.2.2',
    title: 'The agent asks the API what callers may do',
    check: flag('authorization-mode', value => value === 'Webhook', report),
  },
  {
    id: '4.2.3',
    title: 'The agent checks client certificates',
    check: flag('client-ca-file', value => value !== undefined, report),
  },
  {
    id: '4.2.4',
    title: 'The agent has no port that asks for nothing',
    check: onNode(
      both(
        flag('read-only-port', value => value === '0', report),
        noPort(10_255),
      ),
    ),
  },
  {
    id: '4.2.5',
    title: 'Shells in which nothing happens are closed',
    check: onNode(facts =>
      facts.config.runtimeSocket === undefined
        ? setting({
            component: 'kubelet',
            name: 'streaming-connection-idle-timeout',
            is: value => value !== undefined && value !== '0',
            fix: report,
          })(facts)
        : pass(proofOf(facts, 'kubelet', 'streaming-connection-idle-timeout')),
    ),
  },
  never(
    '4.2.6',
    "The agent keeps iptables' helper chains",
    'there is no iptables: services are rules of nftables, written by one writer and put back when they differ',
  ),
  { id: '4.2.7', title: 'The node has the name that its certificate says', check: onNode(ownName) },
  {
    id: '4.2.8',
    title: 'Events of the node are not lost',
    check: onNode(facts => pass(proofOf(facts, 'kubelet', 'event-qps'))),
  },
  {
    id: '4.2.9',
    title: "The agent's API is served with a certificate",
    check: onNode(
      both(
        flag('tls-cert-file', value => value !== undefined, report),
        modes(({ layout }) => [layout.servingCertificate], 0o600),
      ),
    ),
  },
  { id: '4.2.10', title: "The agent's client certificate is renewed", check: onNode(certificates('nodeKubeconfig')) },
  { id: '4.2.11', title: "The agent's serving certificate is renewed", check: onNode(renewed) },
  {
    id: '4.2.12',
    title: 'The agent uses strong ciphers alone',
    check: flag('tls-cipher-suites', value => names(value).every(one => /GCM|CHACHA20/.test(one)), report),
  },
  {
    id: '4.2.13',
    title: 'Pods have a limit of processes',
    check: flag('pod-max-pids', value => Number(value) > 0, report),
  },
  {
    id: '4.2.14',
    title: "Pods run with the runtime's seccomp profile",
    check: flag('seccomp-default', value => value === 'true', report),
  },
  { id: '4.3.1', title: 'Metrics of the proxy are on loopback alone', check: onNode(noPort(10_249)) },
]
