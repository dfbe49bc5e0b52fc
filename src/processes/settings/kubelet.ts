/** The agent's settings: each from the value that the agent itself uses. */
import { containerdPaths, streamIdle } from '#node/containerd/config.ts'
import { usualMaxPods, usualPodPids } from '#node/agent/agent.ts'
import { usualLimits } from '#node/logs.ts'
import { profile } from '#node/pod/security.ts'
import { Profile } from '#node/cri/codes.ts'
import { nodeTls } from '#node/server/server.ts'
import type { ClusterConfig } from '../config.ts'
import { nodeCgroup } from '../engines.ts'
import type { Layout } from '../layout.ts'
import { clusterDomain } from '../places.ts'
import { type Flag, flag, note } from './flag.ts'
import { tlsFlags } from './tls.ts'

const streams = ({ runtimeSocket }: ClusterConfig): Flag =>
  runtimeSocket === undefined
    ? flag('streaming-connection-idle-timeout', streamIdle)
    : note('streaming-connection-idle-timeout', `as the runtime at ${runtimeSocket} is configured`)

export const kubeletFlags = (config: ClusterConfig, layout: Layout): readonly Flag[] =>
  config.nodes === 'real'
    ? [
        flag('address', config.address),
        flag('port', config.kubeletPort),
        flag('read-only-port', 0),
        flag('anonymous-auth', !(nodeTls.requestCert && nodeTls.rejectUnauthorized)),
        flag('authorization-mode', 'Webhook'),
        flag('client-ca-file', layout.nodeKubeconfig),
        flag('tls-cert-file', layout.servingCertificate),
        flag('tls-private-key-file', layout.servingCertificate),
        ...tlsFlags(),
        flag('kubeconfig', layout.nodeKubeconfig),
        flag('node-ip', config.address),
        note('hostname-override', `the node is ${config.nodeName}, as its certificate says`),
        flag('cluster-dns', config.dns),
        flag('cluster-domain', clusterDomain),
        flag('pod-cidr', config.podCIDR),
        flag('max-pods', usualMaxPods),
        flag('pod-max-pids', usualPodPids),
        flag('seccomp-default', profile(undefined, false, '').profileType === Profile.RUNTIME_DEFAULT),
        streams(config),
        flag('container-runtime-endpoint', `unix://${config.runtimeSocket ?? containerdPaths(layout.node).socket}`),
        flag('container-log-max-size', `${usualLimits.size >> 20}Mi`),
        flag('container-log-max-files', usualLimits.files),
        flag('cgroup-root', nodeCgroup(config.name)),
        note('event-qps', 'no limit on events as a whole: the same ones are counted, a flood about one object is cut'),
        { ...flag('rotate-certificates', true), note: 'the server issues them anew, the agent follows its files' },
        {
          ...flag('rotate-server-certificates', true),
          note: 'the server issues them anew, the agent follows its files',
        },
      ]
    : [note('kubelet', 'no agent: nodes are simulated')]
