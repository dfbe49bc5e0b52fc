/** What the crash test kills: requests that wait until they are on record, each told to the parent when it may go on. */
import { setTimeout as sleep } from 'node:timers/promises'
import { systemClock } from '#base/clock.ts'
import { silentLog } from '#base/log.ts'
import { openAudit } from '#processes/audit.ts'

const [dir = '', round = ''] = process.argv.slice(2)
const audit = await openAudit(
  { 'audit-log-mode': 'blocking-strict', 'audit-log-maxsize': '1', 'audit-log-maxbackup': '0' },
  { dir, clock: systemClock, log: silentLog },
)
const asked = { verb: 'create', resourceRequest: true, path: '/x', group: '', version: 'v1' } as const
const place = { resource: 'configmaps', subresource: '', namespace: 'default', name: '' }

async function write(worker: number): Promise<void> {
  for (let at = 0; ; at++) {
    const id = `${round}-${worker}-${at}`
    const trail = audit.open({ id, uri: '/x', agent: 'x'.repeat(at % 900), sourceIPs: () => [], attempted: () => '' })
    await trail.identify({ name: 'eve', groups: [], source: 'x509' }, { ...asked, ...place }, false)
    process.stdout.write(`${id}\n`)
    trail.end(201)
    if (at % 7 === 0) await sleep(1)
  }
}
await Promise.all(Array.from({ length: 8 }, (_, worker) => write(worker)))
