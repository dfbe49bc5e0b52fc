/** The log against whoever can write the disk: each attack is found, and its place is named. */
import assert from 'node:assert/strict'
import { generateKeyPairSync } from 'node:crypto'
import { appendFileSync, cpSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { suite, test } from 'node:test'
import { genesis, linked } from './chain.ts'
import { rotatedFiles } from './files.ts'
import { type Place, makePlace, record } from './fixture.ts'
import { readPlace } from './heads.ts'
import { type Verdict, verifyChain } from './verify.ts'

const linesOf = (path: string): string[] => readFileSync(path, 'utf8').split('\n').slice(0, -1)
const putLines = (path: string, lines: readonly string[]): void => writeFileSync(path, `${lines.join('\n')}\n`)
const found = async (place: Place): Promise<Verdict> => (await verifyChain(place.chain)) ?? assert.fail('no chain')

/** What is found after `change` was made to the lines of a log of ten records. */
async function attacked(change: (lines: string[]) => string[]): Promise<string> {
  const place = makePlace()
  await place.write(1, 10)
  putLines(place.path, change(linesOf(place.path)))
  const { problem } = await found(place)
  return problem === undefined ? '' : `${problem.kind} ${problem.place.slice(place.dir.length + 1)}: ${problem.message}`
}

suite('a log that nobody touched', () => {
  test('is good, over restarts, and each line is an event', async () => {
    const place = makePlace()
    await place.write(1, 3)
    await place.write(4, 7)
    const verdict = await found(place)
    assert.equal(verdict.problem, undefined)
    assert.deepEqual([verdict.records, verdict.last, verdict.signed], [7, 7, 7])
    const events = linesOf(place.path).map(line => JSON.parse(line) as { annotations: Record<string, string> })
    assert.deepEqual(
      events.map(event => event.annotations['audit.bulwark.dev/sequence']),
      ['1', '2', '3', '4', '5', '6', '7'],
    )
    for (const path of [place.path, place.chain.key, place.chain.heads])
      assert.equal(statSync(path).mode & 0o777, 0o600)
  })

  test('is good over files that were full, packed or not, and some of them removed', async () => {
    for (const compress of [false, true]) {
      const place = makePlace()
      const sink = place.open({ mostBytes: 2000, compress, backups: 3 })
      for (let at = 1; at <= 40; at++) {
        sink.put(record(`cm-${at}`))
        await sink.flush()
      }
      await sink.close()
      assert.ok(rotatedFiles(place.path).length <= 4)
      await place.write(41, 42, { backups: 3, compress })
      const verdict = await found(place)
      assert.equal(verdict.problem?.message, undefined)
      assert.equal(verdict.last, 42)
      assert.match(verdict.notes.join('\n'), /were removed as old/)
      // Heads of what was removed go as well, so that they do not pile up for ever.
      assert.ok(linesOf(place.chain.heads).length < 20)
    }
  })

  test('is good when the last line is torn, and goes on behind it', async () => {
    const place = makePlace()
    await place.write(1, 3)
    appendFileSync(place.path, '{"kind":"Event","apiVers')
    const torn = await found(place)
    assert.equal(torn.problem, undefined)
    assert.match(torn.notes.join(), /audit\.log:4 is not complete/)
    await place.write(4, 5)
    const healed = await found(place)
    assert.deepEqual([healed.problem, healed.records, healed.notes], [undefined, 5, []])
  })

  test('a head that was torn is no harm either', async () => {
    const place = makePlace()
    await place.write(1, 3)
    appendFileSync(place.chain.heads, '{"chain":"')
    assert.equal((await found(place)).problem, undefined)
    await place.write(4, 5)
    const { problem, signed } = await found(place)
    assert.deepEqual([problem, signed], [undefined, 5])
  })
})

suite('attacks', () => {
  test('a record that was changed', async () => {
    assert.match(
      await attacked(lines => lines.with(4, lines[4]?.replace('cm-5"', 'cm-6"') ?? '')),
      /^changed audit\.log:5: record 5 was changed/,
    )
  })
  test('a record that was taken out', async () => {
    assert.match(await attacked(lines => lines.toSpliced(4, 1)), /^gap audit\.log:5: record 5 is missing/)
    assert.match(await attacked(lines => lines.toSpliced(2, 4)), /^gap audit\.log:3: records 3 to 6 are missing/)
    assert.match(await attacked(lines => lines.slice(2)), /^gap audit\.log: records 1 to 2 are missing/)
  })
  test('a record that was put in', async () => {
    assert.match(await attacked(lines => lines.toSpliced(4, 0, lines[4] ?? '')), /^order audit\.log:6: record 5 stands/)
    assert.match(await attacked(lines => lines.toSpliced(4, 0, '{"kind":"Event"}')), /^changed audit\.log:5: this line/)
  })
  test('two records that changed places', async () => {
    assert.match(
      await attacked(lines => lines.with(3, lines[6] ?? '').with(6, lines[3] ?? '')),
      /^order audit\.log:4: record 7 stands where record 4 belongs, which comes later/,
    )
  })
  test('an end that was cut off', async () => {
    assert.match(await attacked(lines => lines.slice(0, 7)), /^cut audit\.log: records 8 to 10 are missing at the end/)
    assert.match(await attacked(() => []), /^changed|^cut/)
    const place = makePlace()
    await place.write(1, 10)
    rmSync(place.path)
    assert.equal((await found(place)).problem?.kind, 'cut')
  })
  test('an end that was cut off and written on by the server stays found', async () => {
    const place = makePlace()
    await place.write(1, 10)
    putLines(place.path, linesOf(place.path).slice(0, 7))
    await place.write(11, 12)
    assert.match((await found(place)).problem?.message ?? '', /records 8 to 10 are missing before record 11/)
  })
  test('a whole log with hashes that fit: it is not what was signed', async () => {
    const place = makePlace()
    await place.write(1, 10)
    let link = genesis(readPlace(place.chain)?.id ?? '')
    const forged = Array.from({ length: 10 }, (_, at) => {
      const next = linked(link, record(`forged-${at}`), 'json')
      link = next.link
      return next.line.trimEnd()
    })
    putLines(place.path, forged)
    assert.match((await found(place)).problem?.message ?? '', /record 10 is not the one that was signed/)
  })
  test('an older copy put back', async () => {
    const place = makePlace()
    await place.write(1, 5)
    cpSync(place.path, `${place.path}.copy`)
    await place.write(6, 10)
    renameSync(`${place.path}.copy`, place.path)
    assert.match((await found(place)).problem?.message ?? '', /records 6 to 10 are missing/)
  })
  test('two files exchanged, also with those of another chain', async () => {
    const place = makePlace()
    const sink = place.open({ mostBytes: 2000 })
    for (let at = 1; at <= 12; at++) {
      sink.put(record(`cm-${at}`))
      await sink.flush()
    }
    await sink.close()
    const [one, two] = rotatedFiles(place.path).map(file => file.path)
    renameSync(one ?? '', `${place.path}.x`)
    renameSync(two ?? '', one ?? '')
    renameSync(`${place.path}.x`, two ?? '')
    assert.match((await found(place)).problem?.kind ?? '', /gap|order/)
    const [mine, other] = [makePlace(), makePlace()]
    await mine.write(1, 4)
    await other.write(1, 4)
    cpSync(other.path, mine.path)
    assert.equal((await found(mine)).problem?.kind, 'changed')
  })
  test('a file that was full and was removed by somebody else', async () => {
    const place = makePlace()
    const sink = place.open({ mostBytes: 2000 })
    for (let at = 1; at <= 20; at++) {
      sink.put(record(`cm-${at}`))
      await sink.flush()
    }
    await sink.close()
    const files = rotatedFiles(place.path)
    rmSync(files[1]?.path ?? '')
    assert.equal((await found(place)).problem?.kind, 'gap')
    rmSync(files[0]?.path ?? '')
    assert.match((await found(place)).problem?.message ?? '', /nothing says that they were to be removed/)
  })
  test('heads that were removed, changed, cut or signed by another key', async () => {
    const place = makePlace()
    await place.write(1, 3)
    await place.write(4, 6)
    const heads = readFileSync(place.chain.heads, 'utf8')
    const kindWith = async (text: string): Promise<string | undefined> => {
      writeFileSync(place.chain.heads, text)
      return (await found(place)).problem?.kind
    }
    assert.equal(await kindWith(heads), undefined)
    assert.equal(await kindWith(''), 'heads')
    assert.equal(await kindWith(heads.replace('"sequence":3', '"sequence":2')), 'heads')
    assert.equal(await kindWith(heads.split('\n').toSpliced(1, 1).join('\n')), 'heads')
    writeFileSync(place.chain.heads, heads)
    const { privateKey } = generateKeyPairSync('ed25519')
    writeFileSync(place.chain.key, privateKey.export({ type: 'pkcs8', format: 'pem' }))
    assert.equal((await found(place)).problem?.kind, 'heads')
    rmSync(place.chain.key)
    assert.equal((await found(place)).problem?.kind, 'heads')
  })
})
