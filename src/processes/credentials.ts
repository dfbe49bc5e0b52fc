/** Issues what the machine's own components need to come in, into files that only their owner reads. */
import { X509Certificate } from 'node:crypto'
import { existsSync, readFileSync } from 'node:fs'
import { mkdir, rename, writeFile } from 'node:fs/promises'
import { isIP } from 'node:net'
import { dirname } from 'node:path'
import type { KeyPair, Leaf } from '#pki/issue.ts'
import { type ServerCertificates, issueServerCertificates, kubeConfig } from '#plane/listen.ts'
import { networkGroup } from '#plane/policy.ts'
import type { ServerConfig } from './config.ts'
import type { Layout } from './layout.ts'
import { splitPem } from './pem.ts'

async function writePrivate(file: string, text: string): Promise<void> {
  await mkdir(dirname(file), { recursive: true, mode: 0o700 })
  await writeFile(`${file}.new`, text, { mode: 0o600 })
  await rename(`${file}.new`, file)
}

export interface Issuing {
  readonly authority: KeyPair
  /** PEM of all authorities that are trusted. */
  readonly authorities: string
  readonly config: ServerConfig
  readonly layout: Layout
  /** Milliseconds. */
  readonly now: number
}

const day = 24 * 3600 * 1000
/** Renewed when less than this is left, in milliseconds. */
const margin = 60 * day

/** The certificate of a file, also inside a kubeconfig's base64. */
export function certificateIn(text: string): X509Certificate | undefined {
  const data = /client-certificate-data: (\S+)/.exec(text)?.[1]
  const pem = data === undefined ? text : Buffer.from(data, 'base64').toString()
  try {
    return new X509Certificate(pem)
  } catch {
    return undefined
  }
}

/** Still good for a while, and of this authority. */
function isFresh(file: string, { authority, now }: Issuing): boolean {
  if (!existsSync(file)) return false
  const certificate = certificateIn(readFileSync(file, 'utf8'))
  return (
    certificate !== undefined &&
    Date.parse(certificate.validTo) - now > margin &&
    // Of the one that signs now: what its predecessor signed is followed while both are trusted.
    certificate.verify(new X509Certificate(authority.cert).publicKey)
  )
}

async function kubeconfigFile(
  issuing: Issuing,
  file: string,
  who: { readonly leaf: Leaf; readonly server: string },
): Promise<void> {
  const { authority, authorities, config, now } = issuing
  const text = existsSync(file) ? readFileSync(file, 'utf8') : ''
  const known = text.includes(`server: ${who.server}\n`) && text.includes(Buffer.from(authorities).toString('base64'))
  if (known && isFresh(file, issuing)) return
  const { issue } = await import('#pki/issue.ts')
  const pair = await issue(authority, who.leaf, now)
  await writePrivate(
    file,
    kubeConfig({ context: `bulwark-${config.name}`, server: who.server, authority: authorities, pair }),
  )
}

/** Writes what is missing or runs out. */
export async function issueCredentials(issuing: Issuing): Promise<void> {
  const { config, layout, authority, now } = issuing
  const local = `https://127.0.0.1:${config.port}`
  const near = `https://${config.serverAddress}:${config.port}`
  const client = (name: string, groups: readonly string[]): Leaf => ({ name, groups, use: 'client' })
  await kubeconfigFile(issuing, layout.kubeconfig, {
    leaf: client('kubernetes-admin', ['system:masters']),
    server: local,
  })
  if (config.nodes !== 'real') return
  await kubeconfigFile(issuing, layout.nodeKubeconfig, {
    leaf: client(`system:node:${config.nodeName}`, ['system:nodes']),
    server: near,
  })
  await kubeconfigFile(issuing, layout.networkKubeconfig, {
    leaf: client(`system:bulwark:network:${config.nodeName}`, [networkGroup]),
    server: near,
  })
  if (isFresh(layout.servingCertificate, issuing)) return
  const hosts = [config.nodeName, config.address]
  const { issue } = await import('#pki/issue.ts')
  const serving = await issue(
    authority,
    { name: `system:node:${config.nodeName}`, groups: ['system:nodes'], use: 'server', hosts },
    now,
  )
  await writePrivate(layout.servingCertificate, `${serving.cert}\n${serving.key}\n`)
}

/** The server's own certificates, kept from start to start. @param names what the serving certificate is for */
export async function serverCertificates(issuing: Issuing, names: readonly string[]): Promise<ServerCertificates> {
  const { layout, authority, now } = issuing
  const files = [layout.apiCertificate, layout.kubeletCertificate]
  if (files.every(file => isFresh(file, issuing)) && isFor(layout.apiCertificate, names))
    return {
      serving: splitPem(readFileSync(layout.apiCertificate, 'utf8')),
      kubelet: splitPem(readFileSync(layout.kubeletCertificate, 'utf8')),
    }
  const made = await issueServerCertificates(authority, names, now)
  await writePrivate(layout.apiCertificate, `${made.serving.cert}\n${made.serving.key}\n`)
  await writePrivate(layout.kubeletCertificate, `${made.kubelet.cert}\n${made.kubelet.key}\n`)
  return made
}

/** Every name and address is in the certificate. */
function isFor(file: string, names: readonly string[]): boolean {
  const certificate = certificateIn(readFileSync(file, 'utf8'))
  return (
    certificate !== undefined &&
    names.every(name => (isIP(name) === 0 ? certificate.checkHost(name) : certificate.checkIP(name)) !== undefined)
  )
}
