/** Objects filled at random and objects of the corpus, changed, sent to a whole server: it may refuse, it may not fall over. */
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import type { Kind } from '#api/kind.ts'
import { stringifyJson } from '#codec/json.ts'
import { builtinKinds } from '#kinds/index.ts'
import { openWire, type Reply, type Wire } from '../api/wire.ts'
import { readCorpus } from './corpus.ts'
import { make } from './generate.ts'
import { mutateJson } from './mutate-json.ts'
import { makeRandom } from './random.ts'

let wire: Wire
before(async () => {
  wire = await openWire()
})
after(() => wire.stop())

const pathOf = (kind: Kind): string => {
  const [version] = kind.versions
  const root = kind.group === '' ? `/api/${version?.name}` : `/apis/${kind.group}/${version?.name}`
  return `${root}${kind.scope === 'Namespaced' ? '/namespaces/default' : ''}/${kind.plural}`
}

/** What a server that is well may answer; upstream refuses a few patches with a 500 that has no reason. */
const calm = ({ status, json, text }: Reply, what: string): void =>
  assert.ok(
    status < 500 || (json !== undefined && json.reason === undefined),
    `${status} ${text.slice(0, 500)} for ${what.slice(0, 2000)}`,
  )

const forms = [
  'application/yaml',
  'application/json;as=Table;g=meta.k8s.io;v=v1',
  'application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1',
]

async function lives(kind: Kind, name: string, body: string): Promise<boolean> {
  const path = pathOf(kind)
  const made = await wire.call('POST', path, { body })
  calm(made, body)
  if (made.status !== 201) return false
  const at = `${path}/${encodeURIComponent(made.json?.metadata?.name ?? name)}`
  for (const accept of forms) calm(await wire.call('GET', at, { headers: { accept } }), `${at} ${accept}`)
  const headers = { 'content-type': 'application/strategic-merge-patch+json' }
  calm(await wire.call('PATCH', at, { body, headers }), body)
  const apply = { 'content-type': 'application/apply-patch+yaml' }
  calm(await wire.call('PATCH', `${at}?fieldManager=fuzz&force=true`, { body, headers: apply }), body)
  calm(await wire.call('PUT', at, { body: (await wire.call('GET', at)).text }), at)
  calm(await wire.call('DELETE', at), at)
  calm(await wire.call('DELETE', at, { body: { gracePeriodSeconds: 0 } }), at)
  return true
}

const writable = builtinKinds.filter(
  kind =>
    kind.storedAs === undefined &&
    kind.verbs.includes('create') &&
    kind.verbs.includes('delete') &&
    kind.kind !== 'Namespace',
)

test('objects of every kind, filled at random', async () => {
  const random = makeRandom(1)
  for (const kind of writable)
    for (let left = 3; left > 0; left--) {
      const schema = kind.versions[0]?.schema()
      assert.ok(schema !== undefined)
      const { metadata: _, ...rest } = Object(make(schema, { random, depth: 2 + random.below(6) }))
      const name = `r${random.below(1e9)}`
      const head = {
        apiVersion: pathOf(kind)
          .split('/')
          .slice(2, kind.group === '' ? 3 : 4)
          .join('/'),
        kind: kind.kind,
      }
      await lives(kind, name, stringifyJson({ ...rest, ...head, metadata: { name } }))
    }
})

test('objects that are nearly right', async () => {
  const random = makeRandom(2)
  const corpus = readCorpus('kinds').map(input => JSON.parse(input.toString()))
  let stored = 0
  for (let left = 120; left > 0; left--) {
    const start = random.pick(corpus)
    const kind = writable.find(one => one.kind === start.kind)
    if (kind === undefined) continue
    const { apiVersion, kind: said, metadata, ...rest } = start
    const changed = Object(random.oneIn(4) ? rest : mutateJson(rest, random, ['spec', 'name']))
    const name = `n${left}`
    const body = stringifyJson({
      ...changed,
      apiVersion,
      kind: said,
      metadata: { ...metadata, name, namespace: undefined },
    })
    if (await lives(kind, name, body)) stored++
  }
  assert.ok(stored > 10, `only ${stored} were stored`)
})
