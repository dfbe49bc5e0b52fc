/** The machine that a cluster runs on, as it is: files, certificates, sockets. */
import { X509Certificate } from 'node:crypto'
import { readFileSync, readdirSync, statSync } from 'node:fs'
import { join } from 'node:path'
import type { ClusterConfig } from '#processes/config.ts'
import type { Layout } from '#processes/layout.ts'
import { canLook } from '#processes/sockets/owners.ts'
import { socketsOf } from '#processes/sockets/sockets.ts'
import type { CertificateFacts, FileFacts, Machine } from './facts.ts'

function file(path: string): FileFacts | undefined {
  const found = statSync(path, { throwIfNoEntry: false })
  return found === undefined ? undefined : { mode: found.mode & 0o7777, uid: found.uid, gid: found.gid }
}

/** Files that are looked at below one folder. */
const most = 10_000

function below(path: string): readonly string[] {
  try {
    return readdirSync(path, { withFileTypes: true, recursive: true })
      .filter(one => one.isFile())
      .slice(0, most)
      .map(one => join(one.parentPath, one.name))
  } catch {
    return []
  }
}

function certificate(path: string): CertificateFacts | undefined {
  try {
    const text = readFileSync(path, 'utf8')
    const data = /client-certificate-data: (\S+)/.exec(text)?.[1]
    const read = new X509Certificate(data === undefined ? text : Buffer.from(data, 'base64').toString())
    const fields = read.subject.split('\n').map(line => line.split('='))
    const all = (name: string): readonly string[] =>
      fields.filter(([key]) => key === name).map(([, ...value]) => value.join('='))
    return { commonName: all('CN')[0] ?? '', organizations: all('O'), until: Date.parse(read.validTo) }
  } catch {
    return undefined
  }
}

export const machineOf = (config: ClusterConfig, layout: Layout): Machine => ({
  file,
  below,
  certificate,
  uid: file(layout.dir)?.uid ?? 0,
  sockets: canLook() ? socketsOf(config, layout) : undefined,
})
