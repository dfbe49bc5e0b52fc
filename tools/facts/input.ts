/** Where the published type definitions lie: a folder given by the caller or BULWARK_K8S_TYPES, else the cache. */
import { homedir } from 'node:os'
import { join } from 'node:path'

export const packages: readonly string[] = [
  'golang-k8s-api-dev',
  'golang-k8s-apimachinery-dev',
  'golang-k8s-apiextensions-apiserver-dev',
  'golang-k8s-apiserver-dev',
  'golang-k8s-metrics-dev',
]

export const cached = (): string =>
  process.env['BULWARK_K8S_TYPES'] ??
  join(process.env['XDG_CACHE_HOME'] ?? join(homedir(), '.cache'), 'bulwark', 'k8s-types')
