/** The server as a value: store in, door out. Listening, controllers and nodes are joined by main.ts and testing/. */
import { pause } from '#base/breaks.ts'
import type { Clock } from '#base/clock.ts'
import type { Door } from '#api/door.ts'
import type { Scheme } from '#api/kind.ts'
import type { User } from '#api/request.ts'
import { timestamp } from '#base/clock.ts'
import { type AdmissionParts, defaultSteps } from '#server/admission/index.ts'
import { type Hooks, makeHooks } from '#server/outbound/hooks.ts'
import type { Caller } from '#wire/https.ts'
import { makeHookMetrics } from '#server/admission/webhook/metrics.ts'
import { type Lookup, type Step, makeAdmission } from '#server/admission/step.ts'
import { makeBootstrapAuthenticator } from '#server/authn/bootstrap.ts'
import { type TokenAuthenticator, firstOf } from '#server/authn/chain.ts'
import type { ConfiguredAuthentication } from '#server/authn/configured.ts'
import { type People, admittedOnly, storedPeople } from '#server/authn/people.ts'
import { type TokenKeys, makeTokenAuthenticator } from '#server/authn/tokens.ts'
import { type Authorizer, makeAuthorize } from '#server/authz/authorize.ts'
import { secretVersionsGuard } from '#server/authz/secret-versions.ts'
import type { ConfiguredAuthorization } from '#server/authz/configured.ts'
import { usualModes } from '#server/authz/flags.ts'
import { makeNodeAuthorizer } from '#server/authz/node.ts'
import { makeRbac, masters } from '#server/authz/rbac.ts'
import { escalation } from '#server/admission/escalation.ts'
import { peopleRights } from '#server/admission/people.ts'
import { type Plugin, chosenPlugins } from '#server/admission/plugins.ts'
import { withHistory } from '#server/admission/secret-versions/history.ts'
import { usualVersions } from '#server/admission/secret-versions/settings.ts'
import { makePodSecurityMetrics } from '#server/admission/pod-security/metrics.ts'
import { makePolicyMetrics } from '#server/admission/policy/metrics.ts'
import { policyPermissions } from '#server/admission/policy/permissions.ts'
import { type Suggested, bootstrap } from './bootstrap.ts'
import { type FlowControl, makeFlowControl } from '#server/flow/flow.ts'
import { makeDoor } from './local/door.ts'
import { type LocalReader, makeReader } from './local/reader.ts'
import { version } from './http/paths.ts'
import { inVersion, prepared, toHub } from './converting.ts'
import { type Usage, makeUsage } from './usage/usage.ts'
import { makeDecisions } from './answers/decisions.ts'
import { decisions as decisionsRef, whoCanReviews } from '#kinds/facts/bulwark.ts'
import { explaining } from './answers/explaining.ts'
import { type Contacting, contactsIn } from './answers/contacts.ts'
import { type Placing, unplacedIn } from './answers/unplaced.ts'
import { rbacObjects, whoCanReview } from './answers/who-can.ts'
import type { Serving } from './outcome.ts'
import type { Patching } from './patching-contract.ts'
import type { Audit } from '#server/audit/audit.ts'
import type { Admission, FieldManager, Reservations } from '#server/registry/deps.ts'
import { firstAddress, makePools, makeReservations } from '#server/registry/reservations.ts'
import type { Check, Store } from '#server/store/contract.ts'
import { fencedStore } from '#server/store/fenced.ts'
import type { SignClient } from './subresources/credentials.ts'
import { specials } from './subresources/index.ts'
import { component } from '#server/authn/user.ts'
import type { BindingObject, RoleObject } from '#server/authz/rbac-types.ts'
import { type Draft, groupResource } from '#api/metadata.ts'

export interface ServerOptions {
  readonly store: Store
  readonly scheme: Scheme
  readonly clock: Clock
  readonly random: () => number
  readonly uid: () => string
  readonly fields: FieldManager
  readonly patching: Patching
  readonly tokenKeys: TokenKeys
  /** How webhooks are reached. */
  readonly caller: Pick<Caller, 'post'>
  /** Plugins on and off, the language of match conditions, steps that are built elsewhere. */
  readonly admission?:
    | Pick<
        AdmissionParts,
        'choice' | 'conditions' | 'eventLimits' | 'more' | 'podSecurity' | 'secretScan' | 'secretVersions'
      >
    | undefined
  readonly serviceCIDR: string
  readonly nodePorts: readonly [number, number]
  /** Issuer of service-account tokens; also their audience when none is asked for. */
  readonly issuer: string
  /** Makes people's certificates. */
  readonly signClient: SignClient
  /** Whom else to believe. */
  readonly authentication?: ConfiguredAuthentication
  /** Who is asked about rights; Node and RBAC unless given. */
  readonly authorization?: ConfiguredAuthorization
  readonly roles?: readonly Draft<RoleObject>[]
  readonly bindings?: readonly Draft<BindingObject>[]
  readonly suggested?: readonly Suggested[]
  /** Tells why a pod is on no node. */
  readonly placing: Placing
  /** Tells why policies refuse a packet. */
  readonly contacting: Contacting
  /** Absent: nothing is on record. */
  readonly audit?: Audit | undefined
}

export interface Server {
  readonly door: Door
  /** A door of one who leads: what comes through it is written only while these hold. */
  fenced(checks: () => readonly Check[]): Door
  readonly serving: Serving
  readonly tokens: TokenAuthenticator
  /** Who is let in no more. */
  readonly people: People
  /** Lines of what is measured here, in Prometheus' text format. */
  metrics(): Iterable<string>
  /** How whoever a user's object names is called. */
  readonly hooks: Hooks
  /** What is kept, for who resolves names in it. */
  readonly directory: Lookup
  readonly flow: FlowControl
  /** What nodes and pods use. */
  readonly usage: Usage
  /** Service address of the API itself: the first of the range. */
  readonly address: string
  /** For a component of ours: what it reads in place, checked against its rights when it declares it. */
  reader(who: User): LocalReader
  /** An identity of one of our own components. */
  identity(name: string, groups?: readonly string[]): User
  /** What every cluster has from the start. To be awaited before anybody is let in. */
  bootstrap(): Promise<void>
  close(): void
}

/** As webhooks are shown objects, and give them back. */
const versions: AdmissionParts['versions'] = {
  shown: async (object, served) => {
    await prepared(served, [object])
    return inVersion(object, served)
  },
  toHub: (draft, served) => toHub(served, draft),
}

const foreign: ReadonlySet<string> = new Set<Plugin>([
  'MutatingAdmissionPolicy',
  'MutatingAdmissionWebhook',
  'ValidatingAdmissionPolicy',
  'ValidatingAdmissionWebhook',
])

/** What a cluster cannot be without is not for its users to refuse: nobody could get in to take back what refuses it. */
const unaided = (steps: readonly Step[]): Admission => makeAdmission(steps.filter(step => !foreign.has(step.name)))

const alphabet = 'bcdfghjklmnpqrstvwxz2456789'

export const suffixFrom =
  (random: () => number): (() => string) =>
  () =>
    Array.from({ length: 5 }, () => alphabet[Math.floor(random() * alphabet.length)] ?? 'b').join('')

const lookupOf = (store: Store): Lookup => ({
  get: (resource, key) => store.snapshot(resource).get(key)?.object,
  list: function* (resource, namespace) {
    const where = namespace === undefined ? {} : { prefix: `${namespace}/` }
    for (const kept of store.snapshot(resource).range(where)) yield kept.object
  },
  content: resource => store.snapshot(resource).content,
})

/** Who is let in, and to what. */
function makeGuards({ store, clock, tokenKeys, issuer, authentication, authorization }: ServerOptions) {
  const rbac = makeRbac(store)
  const nodes = makeNodeAuthorizer(store)
  const builtin = { Node: nodes.authorizer, RBAC: rbac.authorizer }
  const others: readonly Authorizer[] =
    authorization === undefined ? usualModes.map(mode => builtin[mode]) : [authorization.authorizer(builtin)]
  const authorizers: readonly Authorizer[] = [masters, secretVersionsGuard([masters, ...others]), ...others]
  const audiences = [issuer]
  const own: readonly TokenAuthenticator[] = [
    makeTokenAuthenticator({ keys: tokenKeys, store, clock, issuer, audiences }),
    makeBootstrapAuthenticator({ store, clock, audiences }),
  ]
  const people = storedPeople(store)
  const all = firstOf(
    () => (authentication === undefined ? own : [...own, ...authentication.authenticators()]),
    error => authentication?.failed(error),
  )
  const tokens = admittedOnly(all, people)
  const close = (): void => {
    rbac.close()
    nodes.close()
    people.close()
  }
  return { rbac, authorizers, tokens, people, authorize: makeAuthorize(authorizers), close }
}

type Guards = ReturnType<typeof makeGuards>

/** What judges and changes objects on their way, and what it tells of itself. */
function makeSteps(options: ServerOptions, { rbac, authorizers }: Guards, suffix: () => string) {
  const { store, scheme, clock, random, uid, patching } = options
  const lookup = lookupOf(store)
  const hooks = makeHooks({ caller: options.caller, directory: lookup, clock, random })
  const metrics = makeHookMetrics()
  const policyMetrics = makePolicyMetrics()
  const podSecurityMetrics = makePodSecurityMetrics(Number(version.minor))
  const steps: readonly Step[] = [
    escalation(rbac, authorizers),
    peopleRights(authorizers),
    policyPermissions({ lookup, scheme, authorizers }),
    ...defaultSteps({
      lookup,
      store,
      scheme,
      clock,
      authorizers,
      uid,
      suffix,
      hooks,
      decode: (document, served, strict = false) =>
        patching.decoded(document, served, { level: strict ? 'Strict' : 'Ignore', warn: () => undefined }),
      pause,
      configure: (content, served) => patching.configured(content, served),
      metrics,
      policyMetrics,
      podSecurityMetrics,
      versions,
      ...options.admission,
    }),
  ]
  const lines = function* (): Iterable<string> {
    yield* metrics.lines()
    yield* policyMetrics.lines()
    yield* podSecurityMetrics.lines()
  }
  return { steps, hooks, lines }
}

function makeServing(options: ServerOptions, guards: Guards, rest: Pick<Serving, 'specials'> & Made): Serving {
  const { store, scheme, clock, random, uid, fields, patching, serviceCIDR, nodePorts } = options
  const pools = makePools({ serviceCIDR, nodePorts, random, uid, now: () => timestamp(clock.now()) })
  const { authorizers, tokens, rbac, people, authorize } = guards
  const issuer = { keys: options.tokenKeys, issuer: options.issuer, audiences: [options.issuer] }
  const registry = { store, scheme, clock, uid, fields, suffix: rest.suffix, admission: makeAdmission(rest.steps) }
  const decisions = makeDecisions({ now: () => clock.now(), uid })
  return {
    authorize,
    patching,
    decisions,
    registry: { ...registry, reservations: reservationsOf(options, makeReservations(store, pools)) },
    specials: new Map([
      ...rest.specials,
      [
        groupResource(decisionsRef),
        explaining({
          decisions,
          objects: () => rbacObjects(store),
          unplaced: unplacedIn(store, options.placing),
          contacts: contactsIn(store, options.contacting),
        }),
      ],
      [groupResource(whoCanReviews), whoCanReview(store)],
      ...specials({
        authorizers,
        tokens,
        rbac,
        people,
        issuer,
        signClient: options.signClient,
        isIncomplete: () => options.authorization?.isIncomplete() === true,
      }),
    ]),
  }
}

/** Secrets that go leave what they held, where that is kept. */
function reservationsOf(
  { store, clock, uid, admission = {} }: ServerOptions,
  reservations: Reservations,
): Reservations {
  if (!chosenPlugins(admission.choice ?? {}).includes('SecretVersions')) return reservations
  return withHistory(reservations, { store, clock, uid, settings: admission.secretVersions ?? usualVersions })
}

interface Made {
  readonly steps: readonly Step[]
  readonly suffix: () => string
}

export function makeServer(options: ServerOptions): Server {
  const { store, scheme, clock } = options
  const guards = makeGuards(options)
  const suffix = suffixFrom(options.random)
  const { steps, hooks, lines } = makeSteps(options, guards, suffix)
  const usage = makeUsage(store, clock)
  const serving = makeServing(options, guards, { specials: usage.specials, steps, suffix })
  const { audit } = options
  const door = makeDoor(serving, audit)
  const flow = makeFlowControl({ store, clock })
  const readers: LocalReader[] = []
  return {
    door,
    fenced: checks =>
      makeDoor({ ...serving, registry: { ...serving.registry, store: fencedStore(store, checks) } }, audit),
    serving,
    tokens: guards.tokens,
    people: guards.people,
    metrics: function* () {
      yield* lines()
      if (audit !== undefined) yield* audit.metrics()
    },
    hooks,
    directory: lookupOf(store),
    flow,
    usage,
    address: firstAddress(options.serviceCIDR),
    identity: component,
    reader: who => {
      const reader = makeReader({ store, scheme, authorize: guards.authorize, who })
      readers.push(reader)
      return reader
    },
    bootstrap: () =>
      bootstrap({
        door: makeDoor({ ...serving, registry: { ...serving.registry, admission: unaided(steps) } }),
        scheme,
        who: component('system:apiserver', ['system:masters']),
        serviceCIDR: options.serviceCIDR,
        ...(options.roles === undefined ? {} : { roles: options.roles }),
        ...(options.bindings === undefined ? {} : { bindings: options.bindings }),
        ...(options.suggested === undefined ? {} : { suggested: options.suggested }),
      }),
    close: () => {
      guards.close()
      flow.close()
      usage.close()
      for (const reader of readers) reader.close()
    },
  }
}
