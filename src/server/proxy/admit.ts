/** What is proxied as the object that admission knows: PodProxyOptions, ServiceProxyOptions, NodeProxyOptions. */
import type { Draft, KObject } from '#api/metadata.ts'
import type { Permit } from '#api/request.ts'
import { notFound } from '#api/status.ts'
import { admissionRequest, admit } from '#server/registry/admitting.ts'
import { fieldOf } from '#server/registry/build.ts'
import type { RegistryDeps } from '#server/registry/deps.ts'
import { takes } from '../subresources/takes.ts'

/** @param path as it was sent. @returns it as admission left it. @throws StatusError */
export async function admitProxy(registry: RegistryDeps, permit: Permit, path: string): Promise<string> {
  const { group, version, resource, name, namespace } = permit
  const served = registry.scheme.byResource(group, version, resource)
  if (served === undefined) throw notFound({ group, resource, name })
  const kind = `${served.kind.kind}ProxyOptions`
  const object: Draft<KObject> = Object.assign({ apiVersion: 'v1', kind, metadata: {} }, { path })
  const asking = { permit, served, warn: () => undefined }
  const body = takes(registry.scheme)(served, 'proxy')
  const particular = { operation: 'CONNECT', name, namespace, object, old: undefined, body } as const
  await admit(registry, admissionRequest(registry, asking, particular))
  const left = fieldOf(object, 'path')
  return typeof left === 'string' ? left : path
}
