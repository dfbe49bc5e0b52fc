/** The API server as envtest starts one: no controllers, no nodes, certificates and users from outside. */
import { X509Certificate } from 'node:crypto'
import { existsSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { systemClock } from '#base/clock.ts'
import { makeLog } from '#base/log.ts'
import { upstreamAdmission } from '#plane/admission-configuration.ts'
import { sharedKeys } from '#plane/keys.ts'
import { issueServerCertificates, listenPlane } from '#plane/listen.ts'
import { makePlane, schemeAndDecode, usualNetwork } from '#plane/plane.ts'
import { publish } from '#plane/publish.ts'
import type { KeyPair } from '#pki/issue.ts'
import { keepBytes } from '#server/http/encode.ts'
import { readAdmissionFile } from '../admission-file.ts'
import { openStore } from '../store.ts'
import { layout } from '../layout.ts'
import { directoryPath } from './etcd.ts'
import type { Flags } from './flags.ts'

const readable = async (file: string | undefined): Promise<string | undefined> =>
  file === undefined ? undefined : await readFile(file, 'utf8')

/** Where the etcd that stands beside us keeps its state. @throws Error where it is another one */
async function directory(flags: Flags): Promise<string> {
  const [url] = flags.list('etcd-servers')
  if (url === undefined) throw new Error('--etcd-servers is missing')
  const answer = await fetch(new URL(directoryPath, url), { signal: AbortSignal.timeout(5_000) }).catch(
    (error: unknown) => {
      throw new Error(`nothing answers at ${url}`, { cause: error })
    },
  )
  if (!answer.ok) throw new Error(`${url} is not the etcd that stands beside this program: use both of bulwark envtest`)
  return join(await answer.text(), 'bulwark')
}

/** Of --tls-cert-file, or of --cert-dir as kube-apiserver names them there. */
async function serving(flags: Flags): Promise<KeyPair | undefined> {
  const dir = flags.get('cert-dir')
  const inDir = (name: string): string | undefined =>
    dir !== undefined && existsSync(join(dir, name)) ? join(dir, name) : undefined
  const cert = await readable(flags.get('tls-cert-file') ?? inDir('apiserver.crt'))
  const key = await readable(flags.get('tls-private-key-file') ?? inDir('apiserver.key'))
  return cert === undefined || key === undefined ? undefined : { cert, key }
}

/** A number of a port. @throws Error */
function portOf(text: string): number {
  const port = Number(text)
  if (!Number.isInteger(port) || port < 1 || port > 65_535)
    throw new Error(`--secure-port must be a number from 1 to 65535, not ${JSON.stringify(text)}`)
  return port
}

function check(flags: Flags): void {
  const modes = flags.list('authorization-mode')
  if (modes.length > 0 && !modes.includes('RBAC'))
    throw new Error(`--authorization-mode=${modes.join(',')} would let everybody in: it must name RBAC`)
}

/** On here and off in upstream's server, which is what tests of operators were written against. */
const ours = ['DenyServiceExternalIPs', 'EventRateLimit']

function pluginsOf(flags: Flags): { readonly enable: readonly string[]; readonly disable: readonly string[] } {
  const enable = flags.list('enable-admission-plugins')
  const off = ours.filter(name => !enable.includes(name))
  return { enable, disable: [...flags.list('disable-admission-plugins'), ...off] }
}

/** Resolves when the API answers. @throws Error, StoreRefused */
export async function runApiServer(flags: Flags): Promise<{ stop(): Promise<void> }> {
  check(flags)
  const clock = systemClock
  const log = makeLog(line => void process.stderr.write(line), 'warn').with({ role: 'kube-apiserver' })
  if (flags.unknown.length > 0) log.warn('flags that mean nothing here', { flags: flags.unknown.join(' ') })
  const host = flags.get('bind-address') ?? '127.0.0.1'
  const port = portOf(flags.get('secure-port') ?? '6443')
  const { scheme, decode } = schemeAndDecode()
  const at = layout(await directory(flags))
  const store = await openStore({ config: {}, layout: at, decode, clock, log, onBytes: keepBytes(scheme) })
  const shared = await sharedKeys(store, clock.now())
  const tokenKey = (await readable(flags.get('service-account-signing-key-file'))) ?? shared.tokenKey
  const issuer = flags.get('service-account-issuer')
  const admissionFile = flags.get('admission-control-config-file')
  const plane = await makePlane({
    store,
    scheme,
    clock,
    log,
    keys: { ...shared, tokenKey },
    network: { ...usualNetwork, serviceCIDR: flags.get('service-cluster-ip-range') ?? usualNetwork.serviceCIDR },
    random: Math.random,
    admission: admissionFile === undefined ? upstreamAdmission : readAdmissionFile(resolve(admissionFile)),
    plugins: pluginsOf(flags),
    ...(issuer === undefined ? {} : { issuer }),
  })
  const own = await issueServerCertificates(shared.authority, [host, 'localhost', plane.server.address], clock.now())
  const given = await serving(flags)
  const clientCA = await readable(flags.get('client-ca-file'))
  // What cannot be read as a certificate would silently let nobody in.
  if (clientCA !== undefined) void new X509Certificate(clientCA)
  const listener = await listenPlane(plane, {
    hosts: [host === '0.0.0.0' ? '127.0.0.1' : host],
    port,
    certificates: given === undefined ? own : { ...own, serving: given },
    ...(clientCA === undefined ? {} : { clientAuthorities: clientCA }),
  })
  await publish(plane, { address: flags.get('advertise-address') ?? '127.0.0.1', port })
  return {
    stop: async () => {
      await listener.close()
      await plane.stop()
      await store.close()
    },
  }
}
