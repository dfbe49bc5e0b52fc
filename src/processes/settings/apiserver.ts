/** The API server's settings: each from the value that the server itself uses. */
import { readFileSync } from 'node:fs'
import { dirname } from 'node:path'
import { frontProxyName } from '#plane/front-proxy.ts'
import { issuer, usualNetwork } from '#plane/plane.ts'
import { chosenPlugins, pluginOrder } from '#server/admission/plugins.ts'
import { mountedLifetime } from '#server/admission/service-account.ts'
import { auditFlags, auditSettings } from '#server/audit/flags.ts'
import { readAuthorization } from '#server/authz/configuration.ts'
import { type AuthorizationFlags, fromFlags, usualModes } from '#server/authz/flags.ts'
import { requestTimeout } from '#server/http/listen.ts'
import { lifetimeOf, longestToken } from '#server/subresources/token.ts'
import { anonymousIn } from '../anonymous.ts'
import { auditLogPath } from '../audit.ts'
import type { ClusterConfig } from '../config.ts'
import type { Layout } from '../layout.ts'
import { serverHosts } from '../places.ts'
import { sealed } from '../store.ts'
import { type Flag, duration, flag, note } from './flag.ts'
import { tlsFlags } from './tls.ts'

function auditing(config: ClusterConfig, layout: Layout): readonly Flag[] {
  const given = config.audit ?? {}
  const path = auditLogPath(auditSettings(given), layout.audit)
  return Object.entries(auditFlags).flatMap(([name, { usual }]) => {
    const value = name === 'audit-log-path' ? path : (given[name] ?? usual)
    return value === '' ? [] : [flag(name, value)]
  })
}

/** What a file says holds on top: identity means our own seal, and nothing turns that off. */
function encrypting(given: ClusterConfig['encryption'], keyFile: string): readonly Flag[] {
  const scope = sealed === 'all' ? 'everything' : 'secrets'
  const text = `${scope} in the store is sealed with AES-256-GCM under the key in ${keyFile}`
  return given === undefined
    ? [note('encryption-provider-config', `no file: ${text}`)]
    : [
        { ...flag('encryption-provider-config', given.file), note: `besides, ${text}` },
        flag('encryption-provider-config-automatic-reload', given.reload),
      ]
}

function storage({ etcd, encryption }: ClusterConfig, layout: Layout): readonly Flag[] {
  const sealing = encrypting(encryption, etcd?.masterKey ?? layout.key)
  if (etcd === undefined)
    return [note('etcd-servers', `no etcd: the store is the SQLite database ${layout.database}`), ...sealing]
  const file = (name: string, path: string | undefined): readonly Flag[] =>
    path === undefined ? [] : [flag(name, path)]
  return [
    flag('etcd-servers', etcd.endpoints.join(',')),
    flag('etcd-prefix', etcd.prefix),
    ...file('etcd-cafile', etcd.ca),
    ...file('etcd-certfile', etcd.cert),
    ...file('etcd-keyfile', etcd.key),
    ...sealing,
  ]
}

function admission({ plugins, admissionFile }: ClusterConfig): readonly Flag[] {
  const on = chosenPlugins(plugins ?? {})
  return [
    flag('enable-admission-plugins', on.join(',')),
    flag('disable-admission-plugins', pluginOrder.filter(name => !on.includes(name)).join(',')),
    ...(admissionFile === undefined ? [] : [flag('admission-control-config-file', admissionFile)]),
  ]
}

const tokens: readonly Flag[] = [
  flag('service-account-issuer', issuer),
  flag('api-audiences', issuer),
  flag('service-account-lookup', true),
  flag('service-account-extend-token-expiration', lifetimeOf({ expirationSeconds: mountedLifetime }) > mountedLifetime),
  flag('service-account-max-token-expiration', duration(longestToken)),
  note('service-account-key-file', 'no file: the key of service-account tokens lies in the store, sealed'),
]

const optional = (name: string, value: string | undefined): readonly Flag[] =>
  value === undefined ? [] : [flag(name, value)]

/** Whom else the server believes, and whom it asks about rights. */
function trusted(trust: ClusterConfig['trust'] = {}): readonly Flag[] {
  const { authorization = {}, oidc, tokenWebhook } = trust
  const modes = trust.everythingAllowed === true ? ['AlwaysAllow'] : modesOf(authorization)
  return [
    ...optional('authentication-config', trust.authenticationConfig),
    ...(trust.authorizationConfig === undefined
      ? [flag('authorization-mode', modes.join(','))]
      : [flag('authorization-config', trust.authorizationConfig), ...configuredModes(trust.authorizationConfig)]),
    ...optional('authorization-webhook-config-file', authorization.webhookConfigFile),
    ...optional('oidc-issuer-url', oidc?.issuerUrl),
    ...optional('oidc-client-id', oidc?.clientId),
    ...optional('authentication-token-webhook-config-file', tokenWebhook?.configFile),
  ]
}

const modesOf = (given: AuthorizationFlags): readonly string[] =>
  fromFlags(given)?.authorizers.map(one => one.type) ?? usualModes

/** What a file names, as the flag would say it. */
function configuredModes(file: string): readonly Flag[] {
  const types = readAuthorization(readFileSync(file, 'utf8'), { everythingAllowed: true }).map(one => one.type)
  return [flag('authorization-mode', types.join(','))]
}

export const apiserverFlags = (config: ClusterConfig, layout: Layout): readonly Flag[] => [
  flag('advertise-address', config.serverAddress),
  flag('bind-address', serverHosts(config).join(',')),
  flag('secure-port', config.port),
  flag('anonymous-auth', anonymousIn(config.trust).enabled),
  ...trusted(config.trust),
  note(
    'client-ca-file',
    `no file: the authority lies in the store, sealed; its certificate is in ${layout.kubeconfig}`,
  ),
  ...admission(config),
  ...auditing(config, layout),
  ...storage(config, layout),
  flag('tls-cert-file', layout.apiCertificate),
  flag('tls-private-key-file', layout.apiCertificate),
  ...tlsFlags(),
  flag('kubelet-client-certificate', layout.kubeletCertificate),
  flag('kubelet-client-key', layout.kubeletCertificate),
  note('kubelet-certificate-authority', 'no file: only certificates of the authority in the store are accepted'),
  flag('requestheader-allowed-names', frontProxyName),
  ...tokens,
  flag('request-timeout', duration(requestTimeout / 1000)),
  flag('profiling', false),
  flag('service-cluster-ip-range', config.serviceCIDR),
  flag('service-node-port-range', (config.nodePorts ?? usualNetwork.nodePorts).join('-')),
  flag('cert-dir', dirname(layout.apiCertificate)),
]
