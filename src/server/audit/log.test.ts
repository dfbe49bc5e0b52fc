/** The log where the disk is full, and the requests that wait for it. */
import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { type Clock, systemClock } from '#base/clock.ts'
import { silentLog } from '#base/log.ts'
import type { Attributes } from '#api/request.ts'
import { StatusError } from '#api/status.ts'
import { type Audit, makeAudit } from './audit.ts'
import { type Link, follows, genesis, linkIn } from './chain.ts'
import { record } from './fixture.ts'
import { makeLogSink } from './log.ts'
import type { Mode, Sink } from './sink.ts'
import type { Trail } from './trail.ts'

/** A file in memory whose disk can be full. */
class Disk {
  full = false
  text = ''
  appends = 0
  #link = genesis('x')
  get link(): Link {
    return this.#link
  }
  append(text: string, link: Link): Promise<void> {
    this.appends++
    if (this.full) return Promise.reject(new Error('ENOSPC: no space left on device'))
    this.text += text
    this.#link = link
    return Promise.resolve()
  }
  /** The next file must be begun first. */
  busy = false
  appendNow(text: string, link: Link): boolean {
    if (this.busy) return false
    this.appends++
    if (this.full) throw new Error('ENOSPC: no space left on device')
    this.text += text
    this.#link = link
    return true
  }
  sign = (): Promise<void> => Promise.resolve()
  close = (): Promise<void> => Promise.resolve()
  get lines(): readonly string[] {
    return this.text.split('\n').slice(0, -1)
  }
  /** Numbers of the records, which must follow each other. */
  chain(): number {
    let last = genesis('x')
    for (const line of this.lines) {
      const read = linkIn(line)
      assert.ok(read !== undefined && follows(last, read), line)
      last = read
    }
    return last.sequence
  }
}

function sinkOn(
  disk: Disk,
  more: { readonly buffer?: number; readonly lost?: string[]; readonly wait?: number; readonly clock?: Clock } = {},
): Sink {
  const { buffer = 1000, lost = [], wait = 5, clock = systemClock } = more
  return makeLogSink({
    file: disk,
    clock,
    log: silentLog,
    lost: (name, events) => void lost.push(`${name} ${events}`),
    format: 'json',
    buffer,
    batch: 500,
    wait,
    soon: call => process.nextTick(call),
  })
}

suite('the log', () => {
  test('writes many events at once', async () => {
    const disk = new Disk()
    const sink = sinkOn(disk)
    for (let at = 0; at < 900; at++) sink.put(record(`cm-${at}`))
    assert.equal(await sink.flush(), true)
    assert.ok(disk.appends <= 3)
    assert.equal(disk.chain(), 900)
    await sink.close()
  })

  test('keeps what cannot be written, writes it when it can, and says what was lost', async () => {
    const disk = new Disk()
    const lost: string[] = []
    const sink = sinkOn(disk, { buffer: 10, lost })
    disk.full = true
    const taken = Array.from({ length: 15 }, (_, at) => sink.put(record(`cm-${at}`)))
    assert.equal(taken.filter(Boolean).length, 10)
    assert.equal(await sink.flush(), false)
    assert.equal(sink.failing, true)
    disk.full = false
    assert.equal(await sink.flush(), true)
    assert.equal(sink.failing, false)
    assert.equal(disk.chain(), 10)
    assert.match(disk.lines[0] ?? '', /"audit\.bulwark\.dev\/lost":"5"/)
    assert.equal(lost.filter(one => one === 'log 1').length >= 5, true)
    await sink.close()
  })
})

suite('the log, at once', () => {
  const many = (sink: Sink, from: number, count: number): void => {
    for (let at = from; at < from + count; at++) sink.put(record(`cm-${at}`))
  }

  test('what comes in one moment is one write, done before anybody goes on who waits for it', async () => {
    const disk = new Disk()
    const sink = sinkOn(disk, { wait: 0 })
    assert.equal(sink.written?.(), undefined)
    many(sink, 0, 30)
    await Promise.all([sink.written?.(), Promise.resolve().then(() => many(sink, 30, 1))])
    assert.deepEqual([disk.appends, disk.chain()], [1, 31])
    assert.equal(sink.written?.(), undefined)
    await sink.close()
  })

  test('where there is too much, or the file is full, it is waited for as well, and stays in its order', async () => {
    const disk = new Disk()
    const sink = sinkOn(disk, { wait: 0, buffer: 5000 })
    many(sink, 0, 1200)
    await sink.written?.()
    assert.equal(disk.chain(), 1200)
    disk.busy = true
    many(sink, 1200, 3)
    const written = sink.written?.()
    await Promise.resolve()
    disk.busy = false
    many(sink, 1203, 3)
    await written
    await sink.written?.()
    assert.equal(disk.chain(), 1206)
    await sink.close()
  })

  test('a disk that is slow is waited for off the loop, until it is quick again', async () => {
    const disk = new Disk()
    let [now, takes, off] = [0, 300, 0]
    const clock = { ...systemClock, monotonic: () => now }
    const [quick, offLoop] = [disk.appendNow.bind(disk), disk.append.bind(disk)]
    disk.appendNow = (text, link) => {
      now += takes
      return quick(text, link)
    }
    disk.append = (text, link) => {
      off++
      now += takes
      return offLoop(text, link)
    }
    const sink = sinkOn(disk, { wait: 0, clock })
    const one = async (at: number): Promise<void> => {
      many(sink, at, 1)
      await sink.written?.()
      assert.equal(disk.lines.length, at + 1)
    }
    await one(0)
    assert.equal(off, 0)
    await one(1)
    await one(2)
    assert.equal(off, 2)
    takes = 1
    await one(3)
    await one(4)
    assert.equal(off, 3)
    assert.equal(disk.chain(), 5)
    await sink.close()
  })

  test('a disk that does not answer holds nobody up for long, and takes no more than there is room for', async () => {
    const disk = new Disk()
    const lost: string[] = []
    const due: (() => void)[] = []
    const clock: Clock = {
      ...systemClock,
      after: (milliseconds, call) => {
        if (milliseconds === 2000) due.push(call)
        return milliseconds === 2000
          ? () => void due.splice(due.indexOf(call), 1)
          : systemClock.after(milliseconds, call)
      },
    }
    const sink = sinkOn(disk, { wait: 0, buffer: 10, lost, clock })
    const { promise: back, resolve } = Promise.withResolvers<void>()
    const append = disk.append.bind(disk)
    disk.append = async (text, link) => {
      await back
      return append(text, link)
    }
    disk.busy = true
    many(sink, 0, 3)
    const written = sink.written?.()
    await new Promise(later => setImmediate(later))
    assert.equal(due.length, 1)
    due[0]?.()
    await written
    assert.equal(sink.failing, true)
    many(sink, 3, 20)
    assert.equal(sink.written?.(), undefined)
    assert.equal(lost.filter(one => one === 'log 1').length >= 13, true, lost.join())
    resolve()
    assert.equal(await sink.flush(), true)
    assert.equal(sink.failing, false)
    assert.equal(disk.chain(), 10)
    await sink.close()
  })

  test('a full disk holds nobody up; what could not be written is written when it can be', async () => {
    const disk = new Disk()
    const lost: string[] = []
    const sink = sinkOn(disk, { wait: 0, buffer: 10, lost })
    disk.full = true
    many(sink, 0, 4)
    await sink.written?.()
    assert.equal(sink.failing, true)
    many(sink, 4, 11)
    assert.equal(sink.written?.(), undefined)
    disk.full = false
    assert.equal(await sink.flush(), true)
    assert.equal(disk.chain(), 10)
    assert.match(disk.lines[0] ?? '', /"audit\.bulwark\.dev\/lost":"5"/)
    await sink.close()
  })
})

const asked: Attributes = {
  verb: 'create',
  resourceRequest: true,
  path: '/api/v1/namespaces/a/configmaps',
  group: '',
  version: 'v1',
  resource: 'configmaps',
  subresource: '',
  namespace: 'a',
  name: '',
}
const eve = { name: 'eve', groups: [], source: 'x509' }

function auditOn(disk: Disk, mode: Mode): Audit {
  const sink = sinkOn(disk)
  return makeAudit({ clock: systemClock, backends: () => [{ sink, mode }] })
}
const opened = (audit: Audit): Trail =>
  audit.open({ id: 'x', uri: '/x', agent: '', sourceIPs: () => [], attempted: () => '' })

suite('a full disk', () => {
  test('batch: requests go on', async () => {
    const disk = new Disk()
    disk.full = true
    const audit = auditOn(disk, 'batch')
    assert.equal(opened(audit).identify(eve, asked, false), undefined)
    await audit.close()
  })
  test('blocking: a request waits until it is on record, and goes on where that fails', async () => {
    const disk = new Disk()
    const audit = auditOn(disk, 'blocking')
    await opened(audit).identify(eve, asked, false)
    assert.match(disk.text, /"stage":"RequestReceived"/)
    disk.full = true
    await opened(audit).identify(eve, asked, false)
    assert.doesNotMatch([...audit.metrics()].join('\n'), /rejected_total [1-9]/)
    await audit.close()
  })
  test('blocking-strict: a request is refused, reads that are not on record are not, and it ends with the trouble', async () => {
    const disk = new Disk()
    const audit = auditOn(disk, 'blocking-strict')
    disk.full = true
    const refused = async (): Promise<unknown> => opened(audit).identify(eve, asked, false)
    await assert.rejects(refused, (error: unknown) => {
      assert.ok(error instanceof StatusError)
      assert.equal(error.code, 500)
      assert.match(error.message, /failed to store audit event/)
      return true
    })
    assert.match([...audit.metrics()].join('\n'), /apiserver_audit_requests_rejected_total 1/)
    assert.equal(opened(audit).identify(eve, { ...asked, verb: 'get' }, false), undefined)
    disk.full = false
    await refused()
    assert.equal(disk.chain(), 2)
    await audit.close()
  })
})
