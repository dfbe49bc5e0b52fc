/** Sections 1.3, 1.4 and 3: controllers, scheduler, and how people come in and are recorded. */
import { type Control, type Proof, fail, noneOf, notApplicable, onNode, pass } from '../control.ts'
import type { Facts } from '../facts.ts'
import { expectedGrants } from '../rights.ts'
import { proofOf, setting } from './kit.ts'

const manager = 'kube-controller-manager'

/** A part of the server that no socket of its own belongs to. */
const listensNowhere =
  (component: 'kube-controller-manager' | 'kube-scheduler', port: number): Control['check'] =>
  facts => {
    const found = (facts.machine.sockets ?? []).filter(one => one.address.endsWith(`:${port}`))
    return noneOf(
      found.map(one => ({ place: `socket ${one.address}`, says: `held by ${one.owner}, ${one.exposure}` })),
      'end the process that holds it: nothing of the cluster does',
      proofOf(facts, component, 'bind-address'),
    )
  }

const day = 24 * 3600 * 1000

/** A certificate that has less left than this was not renewed. */
const least = 30 * day

export const renewed: Control['check'] = ({ machine, layout, now }) => {
  const certificate = machine.certificate(layout.servingCertificate)
  if (certificate === undefined) return notApplicable('there is no certificate of an agent on this machine')
  const proof: Proof = {
    place: `file ${layout.servingCertificate}`,
    says: `good until ${new Date(certificate.until).toISOString().slice(0, 10)}`,
  }
  return certificate.until - now > least
    ? pass(proof)
    : fail('bulwark down, then bulwark up: the server issues certificates anew before they are over', proof)
}

export const controllerManager: readonly Control[] = [
  {
    id: '1.3.1',
    title: 'Pods that have ended are cleared away',
    check: setting({
      component: manager,
      name: 'terminated-pod-gc-threshold',
      is: value => Number(value) > 0,
      fix: 'report this',
    }),
  },
  {
    id: '1.3.2',
    title: 'The controller manager shows no profiles',
    check: setting({ component: manager, name: 'profiling', is: value => value === 'false', fix: 'report this' }),
  },
  {
    id: '1.3.3',
    title: 'Each controller has an account of its own',
    check: setting({
      component: manager,
      name: 'use-service-account-credentials',
      is: value => value === 'true',
      fix: 'report this',
    }),
  },
  {
    id: '1.3.4',
    title: 'Service-account tokens are signed with a key of their own',
    check: facts => pass(proofOf(facts, manager, 'service-account-private-key-file')),
  },
  { id: '1.3.5', title: 'Pods are given the authority of the API', check: rootAuthority },
  { id: '1.3.6', title: "Agents' serving certificates are renewed", check: onNode(renewed) },
  { id: '1.3.7', title: 'The controller manager listens on loopback alone', check: listensNowhere(manager, 10_257) },
]

function rootAuthority({ objects }: Facts) {
  const name = 'kube-root-ca.crt'
  const has = new Set(objects.configMaps.filter(one => one.metadata.name === name).map(one => one.metadata.namespace))
  const without = objects.namespaces.filter(
    one => one.metadata.deletionTimestamp === undefined && !has.has(one.metadata.name),
  )
  return noneOf(
    without.map(one => ({ place: `Namespace/${one.metadata.name}`, says: `has no ConfigMap ${name}` })),
    'wait a moment: a controller makes it',
    { place: `ConfigMap/*/${name}`, says: `in each of ${objects.namespaces.length} namespaces` },
  )
}

export const scheduler: readonly Control[] = [
  {
    id: '1.4.1',
    title: 'The scheduler shows no profiles',
    check: setting({
      component: 'kube-scheduler',
      name: 'profiling',
      is: value => value === 'false',
      fix: 'report this',
    }),
  },
  { id: '1.4.2', title: 'The scheduler listens on loopback alone', check: listensNowhere('kube-scheduler', 10_259) },
]

/** People whom only a certificate of a year's life can let in: nothing ends it early but a list of revoked ones. */
const people: Control['check'] = ({ objects, config }) => {
  const known = expectedGrants()
  const believed =
    config.trust?.oidc !== undefined ||
    config.trust?.authenticationConfig !== undefined ||
    config.trust?.tokenWebhook !== undefined
  const bound = [...objects.clusterRoleBindings, ...objects.roleBindings].flatMap(binding =>
    (binding.subjects ?? [])
      .filter(({ kind, name }) => kind === 'User' && !name.startsWith('system:'))
      .filter(subject => !known.has(binding, subject))
      .map(subject => ({ place: bindingPlace(binding), says: `subjects: User ${subject.name}` })),
  )
  const managed = new Set(objects.users)
  const strangers = believed ? [] : bound.filter(one => !managed.has(one.says.slice('subjects: User '.length)))
  return noneOf(
    strangers,
    'let people in by OpenID Connect (--oidc-issuer-url, --authentication-config) or bulwark user add, which gives short-lived credentials that can be taken back',
    {
      place: 'RoleBindings and ClusterRoleBindings',
      says: 'no person is bound who could come by a lasting certificate alone',
    },
  )
}

export const bindingPlace = ({
  metadata,
}: {
  readonly metadata: { readonly name?: string; readonly namespace?: string }
}): string =>
  metadata.namespace === undefined
    ? `ClusterRoleBinding/${metadata.name}`
    : `RoleBinding/${metadata.namespace}/${metadata.name}`

const lastingTokens: Control['check'] = ({ objects }) =>
  noneOf(
    objects.secrets
      .filter(one => one.type === 'kubernetes.io/service-account-token')
      .map(one => ({
        place: `Secret/${one.namespace}/${one.name}`,
        says: `type: kubernetes.io/service-account-token, of ${one.account ?? 'nobody'}: it never ends`,
      })),
    'delete it: programs get tokens that end, kubectl create token NAME gives one to people',
    { place: 'Secrets', says: 'none holds a token of a service account' },
  )

const bootstrapTokens: Control['check'] = ({ objects }) =>
  noneOf(
    objects.secrets.flatMap(({ namespace, name, bootstrap }): readonly Proof[] => {
      if (bootstrap?.authenticates !== true) return []
      const place = `Secret/${namespace}/${name}`
      const foreign = bootstrap.groups
        .split(',')
        .filter(
          one =>
            one !== '' && !one.startsWith('system:bootstrappers:kubeadm') && one !== 'system:bootstrappers:bulwark',
        )
      return [
        ...(bootstrap.until === undefined ? [{ place, says: 'expiration is not set: it never ends' }] : []),
        ...foreign.map(one => ({ place, says: `auth-extra-groups: ${one}` })),
      ]
    }),
    'delete it: a bootstrap token is for a node that joins, and for a day',
    {
      place: 'Secrets of kube-system',
      says: 'no bootstrap token is without an end, or in groups other than of nodes that join',
    },
  )

const recorded: Control['check'] = ({ audit, auditPolicy, layout }) => {
  const proof: Proof = { place: `file ${layout.audit}`, says: audit?.says ?? 'there is no record' }
  if (audit?.whole !== true) return fail('bulwark audit verify, then bulwark audit who --since 1d', proof)
  return pass(proof, { place: 'audit policy', says: auditPolicy.file ?? 'the usual one' })
}

const covered: Control['check'] = ({ auditPolicy }) =>
  noneOf(
    auditPolicy.misses.map(what => ({ place: `file ${auditPolicy.file ?? ''}`, says: `${what} is not on record` })),
    'add a rule of level Metadata for it to the policy of --audit-policy-file, before the rule that leaves it out',
    {
      place: auditPolicy.file ?? 'the usual policy',
      says: 'secrets, tokens, exec, attach, port-forward, proxy and all changes are on record',
    },
  )

export const peopleAndRecords: readonly Control[] = [
  { id: '3.1.1', title: 'People do not come in by lasting client certificates', check: people },
  { id: '3.1.2', title: 'People do not come in by tokens of service accounts', check: lastingTokens },
  { id: '3.1.3', title: 'People do not come in by bootstrap tokens', check: bootstrapTokens },
  { id: '3.2.1', title: 'There is a record, and it is whole', check: recorded },
  { id: '3.2.2', title: 'The record covers what matters', check: covered },
]
