/** Section 1.1: files of the control plane. */
import { dirname, join } from 'node:path'
import { containerdPaths } from '#node/containerd/config.ts'
import { type Control, never, onNode } from '../control.ts'
import { type Paths, modes, owners } from './kit.ts'

const description: Paths = ({ layout }) => [layout.config]
const cni: Paths = ({ layout, machine }) => machine.below(containerdPaths(layout.node).cni)
const administrator: Paths = ({ layout }) => [layout.kubeconfig]
const store: Paths = ({ layout }) => [layout.dir, dirname(layout.database)]
const storeFiles: Paths = facts => [...store(facts), facts.layout.database]
const certificates: Paths = ({ layout }) => [
  layout.apiCertificate,
  layout.kubeletCertificate,
  layout.servingCertificate,
]
const keys: Paths = facts => [
  ...certificates(facts),
  facts.config.etcd?.masterKey ?? facts.layout.key,
  ...(facts.config.encryption === undefined ? [] : [facts.config.encryption.file]),
  join(facts.layout.audit, 'heads.key'),
]
const pki: Paths = facts => [...new Set(keys(facts).map(dirname)), ...keys(facts)]

const manager =
  'there is no kube-controller-manager process: it is a part of the server, which has no credentials of it in a file'
const scheduler =
  'there is no kube-scheduler process: it is a part of the server, which has no credentials of it in a file'
const etcd = 'the cluster starts no etcd: its store is a database of the server, or an etcd that is set up elsewhere'

export const files: readonly Control[] = [
  {
    id: '1.1.1',
    title: 'What describes the API server is for its owner to read alone',
    check: modes(description, 0o600),
  },
  { id: '1.1.2', title: 'What describes the API server belongs to whoever runs it', check: owners(description) },
  never('1.1.3', 'What describes the controller manager is for its owner to read alone', manager),
  never('1.1.4', 'What describes the controller manager belongs to whoever runs it', manager),
  never('1.1.5', 'What describes the scheduler is for its owner to read alone', scheduler),
  never('1.1.6', 'What describes the scheduler belongs to whoever runs it', scheduler),
  never('1.1.7', 'What describes etcd is for its owner to read alone', etcd),
  never('1.1.8', 'What describes etcd belongs to whoever runs it', etcd),
  {
    id: '1.1.9',
    title: "Files of the pods' network are for their owner to read alone",
    check: onNode(modes(cni, 0o600)),
  },
  { id: '1.1.10', title: "Files of the pods' network belong to root", check: onNode(owners(cni)) },
  { id: '1.1.11', title: 'The directory of the store is closed to everybody else', check: modes(store, 0o700) },
  { id: '1.1.12', title: 'The directory of the store belongs to whoever runs the server', check: owners(storeFiles) },
  {
    id: '1.1.13',
    title: "The administrator's kubeconfig is for its owner to read alone",
    check: modes(administrator, 0o600),
  },
  {
    id: '1.1.14',
    title: "The administrator's kubeconfig belongs to whoever runs the cluster",
    check: owners(administrator),
  },
  never('1.1.15', "The scheduler's kubeconfig is for its owner to read alone", scheduler),
  never('1.1.16', "The scheduler's kubeconfig belongs to whoever runs it", scheduler),
  never('1.1.17', "The controller manager's kubeconfig is for its owner to read alone", manager),
  never('1.1.18', "The controller manager's kubeconfig belongs to whoever runs it", manager),
  {
    id: '1.1.19',
    title: 'Certificates, keys and their directories belong to whoever runs the cluster',
    check: owners(pki),
  },
  { id: '1.1.20', title: 'Certificates can be changed by their owner alone', check: modes(certificates, 0o644) },
  { id: '1.1.21', title: 'Private keys are for their owner to read alone', check: modes(keys, 0o600) },
]
