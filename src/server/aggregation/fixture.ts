/** What tests of this folder pass requests to. */
import type { Registered } from './catalog.ts'

export const to: Registered = {
  name: 'v1.x',
  group: 'x',
  version: 'v1',
  groupPriority: 1,
  versionPriority: 1,
  service: { namespace: 'a', name: 'b', port: 443 },
  insecure: true,
  available: true,
}
