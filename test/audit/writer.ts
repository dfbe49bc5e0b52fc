/** What the crash test kills: requests, each told to the parent when its client would have been answered. */
import { setTimeout as sleep } from 'node:timers/promises'
import { systemClock } from '#base/clock.ts'
import { silentLog } from '#base/log.ts'
import { openAudit } from '#processes/audit.ts'
import { tell } from '../store/tell.ts'

const [dir = '', round = '', mode = ''] = process.argv.slice(2)
const audit = await openAudit(
  { ...(mode === '' ? {} : { 'audit-log-mode': mode }), 'audit-log-maxsize': '1', 'audit-log-maxbackup': '0' },
  { dir, clock: systemClock, log: silentLog },
)
const asked = { verb: 'create', resourceRequest: true, path: '/x', group: '', version: 'v1' } as const
const place = { resource: 'configmaps', subresource: '', namespace: 'default', name: '' }

async function write(worker: number): Promise<void> {
  for (let at = 0; ; at++) {
    const id = `${round}-${worker}-${at}`
    const trail = audit.open({ id, uri: '/x', agent: 'x'.repeat(at % 900), sourceIPs: () => [], attempted: () => '' })
    await trail.identify({ name: 'eve', groups: [], source: 'x509' }, { ...asked, ...place }, false)
    // As after a commit: several go on at once.
    if (at % 7 === 0) await sleep(1)
    await trail.settle(201)
    tell(`${id}\n`)
  }
}
await Promise.all(Array.from({ length: 8 }, (_, worker) => write(worker)))
