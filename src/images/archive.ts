/** Writes an image as an OCI archive: one layer, one platform, as `ctr images import` and `skopeo` take it. */
import { createHash } from 'node:crypto'
import { gzipSync } from 'node:zlib'
import { tar, type TarEntry } from './tar.ts'

/** The image's own part of a container's configuration, in OCI's names. */
export interface ImageConfig {
  readonly Entrypoint?: readonly string[]
  readonly Cmd?: readonly string[]
  readonly Env?: readonly string[]
  readonly User?: string
  readonly WorkingDir?: string
  readonly ExposedPorts?: Readonly<Record<string, Record<string, never>>>
}

export interface Image {
  /** With registry and tag, for example `docker.io/library/busybox:1.37`. */
  readonly name: string
  readonly architecture: 'amd64' | 'arm64'
  readonly config: ImageConfig
  readonly files: readonly TarEntry[]
}

const digest = (bytes: Uint8Array): string => `sha256:${createHash('sha256').update(bytes).digest('hex')}`
const json = (value: unknown): Buffer => Buffer.from(JSON.stringify(value))
const oci = 'application/vnd.oci.image'

function described(mediaType: string, bytes: Uint8Array): { mediaType: string; digest: string; size: number } {
  return { mediaType: `${oci}.${mediaType}`, digest: digest(bytes), size: bytes.length }
}

export function imageArchive({ name, architecture, config, files }: Image): Buffer {
  const platform = { architecture, os: 'linux' }
  const layer = tar(files)
  const packed = gzipSync(layer, { level: 6 })
  const settings = json({ ...platform, config, rootfs: { type: 'layers', diff_ids: [digest(layer)] } })
  const manifest = json({
    schemaVersion: 2,
    mediaType: `${oci}.manifest.v1+json`,
    config: described('config.v1+json', settings),
    layers: [described('layer.v1.tar+gzip', packed)],
  })
  const annotations = { 'org.opencontainers.image.ref.name': name, 'io.containerd.image.name': name }
  const index = json({
    schemaVersion: 2,
    manifests: [{ ...described('manifest.v1+json', manifest), annotations, platform }],
  })
  const file = (path: string, data: Uint8Array): TarEntry => ({ type: 'file', path, data })
  const blob = (data: Uint8Array): TarEntry => file(`blobs/sha256/${digest(data).slice(7)}`, data)
  return tar([
    file('oci-layout', json({ imageLayoutVersion: '1.0.0' })),
    file('index.json', index),
    ...[packed, settings, manifest].map(blob),
  ])
}
