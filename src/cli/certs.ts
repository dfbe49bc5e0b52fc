/** `bulwark certs show` and `bulwark certs renew`. */
import { X509Certificate } from 'node:crypto'
import { existsSync, readFileSync, rmSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import { readConfig } from '#processes/config.ts'
import type { Layout } from '#processes/layout.ts'
import { certificateFiles } from '#processes/renewing.ts'
import { isRunning } from '#processes/supervise.ts'
import { CommandError, type PlaceOptions, placeOf } from './place.ts'
import type { Progress } from './progress.ts'

export interface Certificate {
  readonly purpose: string
  readonly subject: string
  readonly issuer: string
  /** RFC 3339. */
  readonly notBefore: string
  readonly notAfter: string
  readonly daysLeft: number
  readonly serial: string
  /** Names and addresses that it is for. */
  readonly hosts: readonly string[]
  /** Where it lies. */
  readonly file: string
}

const day = 24 * 3600 * 1000

const purposes = (at: Layout): Readonly<Record<string, string>> => ({
  [at.kubeconfig]: 'administrator, client of the API',
  [at.apiCertificate]: 'API, server',
  [at.kubeletCertificate]: 'API, client of nodes',
  [at.nodeKubeconfig]: 'node agent, client of the API',
  [at.networkKubeconfig]: 'network of the node, client of the API',
  [at.servingCertificate]: 'node, server',
})

const pems = (text: string): readonly string[] =>
  text.match(/-----BEGIN CERTIFICATE-----[\s\S]+?-----END CERTIFICATE-----/g) ?? []

const inKubeconfig = (text: string, field: string): readonly string[] => {
  const data = new RegExp(`^\\s*${field}: (\\S+)$`, 'm').exec(text)?.[1]
  return data === undefined ? [] : pems(Buffer.from(data, 'base64').toString())
}

function describe(
  pem: string,
  purpose: string,
  { file, now }: { readonly file: string; readonly now: number },
): Certificate {
  const certificate = new X509Certificate(pem)
  const end = Date.parse(certificate.validTo)
  const line = (text: string): string => text.split('\n').join(', ')
  return {
    purpose,
    subject: line(certificate.subject),
    issuer: line(certificate.issuer),
    notBefore: new Date(certificate.validFrom).toISOString(),
    notAfter: new Date(end).toISOString(),
    daysLeft: Math.floor((end - now) / day),
    serial: certificate.serialNumber,
    hosts: (certificate.subjectAltName ?? '')
      .split(', ')
      .flatMap(name => (name === '' ? [] : [name.replace(/^(DNS|IP Address):/, '')])),
    file,
  }
}

/** Those of this machine's components, and the authorities that they trust. @throws CommandError */
export function certificates(options: PlaceOptions, now: number): readonly Certificate[] {
  const at = placeOf(options)
  if (!existsSync(at.config)) throw new CommandError(`there is no cluster ${options.name} in ${at.dir}`)
  const purpose = purposes(at)
  const files = certificateFiles(at, readConfig(at.config)).filter(file => existsSync(file))
  const leaves = files.flatMap(file => {
    const text = readFileSync(file, 'utf8')
    const own = text.startsWith('-----') ? pems(text) : inKubeconfig(text, 'client-certificate-data')
    return own.slice(0, 1).map(pem => describe(pem, purpose[file] ?? '', { file, now }))
  })
  const [file] = files
  const text = file === undefined ? '' : readFileSync(file, 'utf8')
  const authorities = inKubeconfig(text, 'certificate-authority-data').map(pem =>
    describe(pem, 'authority of clients and servers', { file: file ?? '', now }),
  )
  return [...authorities, ...leaves]
}

export function certificatesText(list: readonly Certificate[]): string {
  const rows = list.map(({ purpose, subject, notAfter, daysLeft }) => [
    purpose,
    subject,
    notAfter.slice(0, 10),
    daysLeft < 0 ? 'over' : `${daysLeft} days`,
  ])
  const all = [['PURPOSE', 'SUBJECT', 'EXPIRES', 'LEFT'], ...rows]
  const widths = [0, 1, 2].map(column => Math.max(...all.map(row => (row[column] ?? '').length)))
  return all
    .map(row =>
      row
        .map((cell, column) => (column < 3 ? cell.padEnd(widths[column] ?? 0) : cell))
        .join('  ')
        .trimEnd(),
    )
    .join('\n')
}

const patience = 60_000

/** Has every certificate issued anew: by the server, which takes them up while it runs. @throws CommandError */
export async function renewCertificates(options: PlaceOptions, progress: Progress): Promise<void> {
  const at = placeOf(options)
  if (!existsSync(at.config)) throw new CommandError(`there is no cluster ${options.name} in ${at.dir}`)
  const files = certificateFiles(at, readConfig(at.config))
  progress.step('Renewing the certificates of this machine')
  for (const file of files) rmSync(file, { force: true })
  if (!isRunning(at, 'server')) return progress.done('They are issued anew when the cluster is started: bulwark up')
  const end = performance.now() + patience
  while (!files.every(file => existsSync(file))) {
    if (performance.now() > end) throw new CommandError(`the server did not renew them; see ${at.log('server')}`, 3)
    await sleep(100)
  }
  progress.done(
    `${files.length} certificates were renewed. Copies of the kubeconfig elsewhere are good until they are over.`,
  )
}
