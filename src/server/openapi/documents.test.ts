import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Kind, Scheme } from '#api/kind.ts'
import type { Json } from '#api/metadata.ts'
import { typeSchema } from '#kinds/facts/read.ts'
import { decompress, makeDocuments } from './documents.ts'

const kindOf = (group: string, kind: string, more: Partial<Kind>): Kind => ({
  group,
  kind,
  listKind: `${kind}List`,
  plural: `${kind.toLowerCase()}s`,
  singular: kind.toLowerCase(),
  shortNames: [],
  categories: [],
  scope: 'Namespaced',
  versions: [{ name: 'v1', schema: () => typeSchema(`${group === '' ? 'core' : group}_v1.${kind}`) }],
  hub: 'v1',
  verbs: ['create', 'delete', 'deletecollection', 'get', 'list', 'patch', 'update', 'watch'],
  generation: 0,
  status: true,
  counted: true,
  unconditionalUpdate: true,
  createOnUpdate: false,
  custom: false,
  columns: [],
  ...more,
})

const crontab = (extra: string): Kind =>
  kindOf('stable.example.com', 'CronTab', {
    custom: true,
    scale: { specReplicas: '.spec.replicas', statusReplicas: '.status.replicas' },
    versions: [
      {
        name: 'v1',
        schema: () => ({
          type: 'object',
          fields: new Map([
            ['metadata', { name: 'metadata', schema: typeSchema('meta_v1.ObjectMeta') }],
            [extra, { name: extra, required: true, schema: { type: 'any', format: 'int-or-string' } }],
            ['__proto__', { name: '__proto__', schema: { type: 'string' } }],
          ]),
        }),
      },
    ],
  })

function schemeOf(kinds: Kind[]): Scheme {
  const find = (matches: (kind: Kind) => boolean, version: string) => {
    const kind = kinds.find(matches)
    const at = kind?.versions.find(one => one.name === version)
    return kind === undefined || at === undefined ? undefined : { kind, version: at }
  }
  return {
    kinds: () => kinds,
    byResource: (group, version, plural) => find(kind => kind.group === group && kind.plural === plural, version),
    byKind: (group, version, name) => find(kind => kind.group === group && kind.kind === name, version),
    stored: (group, plural) => kinds.find(kind => kind.group === group && kind.plural === plural),
    generation: () => 0,
    replaced: () => () => undefined,
  }
}

const pod = kindOf('', 'Pod', {
  subresources: [
    { name: 'exec', kind: 'PodExecOptions', verbs: ['create', 'get'] },
    { name: 'eviction', kind: 'Eviction', group: 'policy', version: 'v1', verbs: ['create'] },
  ],
})
const deployment = kindOf('apps', 'Deployment', { scale: { specReplicas: '.spec.replicas', statusReplicas: '' } })

type Doc = Record<string, Record<string, Record<string, unknown>>>
const read = async (document: { gzipped: Buffer }): Promise<Doc> =>
  JSON.parse((await decompress(document.gzipped)).toString()) as Doc

function* references(value: Json): Generator<string> {
  if (typeof value !== 'object' || value === null) return
  for (const [key, one] of Object.entries(value)) {
    if (key === '$ref' && typeof one === 'string') yield one
    else if (one !== undefined) yield* references(one)
  }
}

const resolve = (document: unknown, ref: string): unknown =>
  ref
    .slice(2)
    .split('/')
    .reduce<unknown>((at, step) => (at as Record<string, unknown> | undefined)?.[step], document)

test('every reference of every document leads somewhere', async () => {
  const documents = makeDocuments(schemeOf([pod, deployment, crontab('minutes')]))
  assert.deepEqual(documents.places(), ['api/v1', 'apis/apps/v1', 'apis/stable.example.com/v1'])
  const all = [await documents.version2('json')]
  for (const place of documents.places()) {
    const document = await documents.version3(place)
    assert.ok(document)
    all.push(document)
  }
  for (const one of all) {
    const document = await read(one)
    const found = new Set(references(document as unknown as Json))
    assert.ok(found.size > 5)
    for (const ref of found) assert.ok(resolve(document, ref) !== undefined, ref)
  }
  assert.equal(documents.version3('apis/apps/v2'), undefined)
  assert.equal(documents.version3('constructor'), undefined)
})

test('marks of the schema come through, in each version in its own way', async () => {
  const documents = makeDocuments(schemeOf([pod, deployment]))
  const three = await read(await documents.version3('apis/apps/v1')!)
  const name = 'io.k8s.api.core.v1.PodSpec'
  const { properties } = (resolve(three, '#/components/schemas') as Doc)[name] as unknown as Doc
  assert.deepEqual(properties?.['containers'], {
    type: 'array',
    items: { $ref: '#/components/schemas/io.k8s.api.core.v1.Container' },
    'x-kubernetes-list-map-keys': ['name'],
    'x-kubernetes-list-type': 'map',
    'x-kubernetes-patch-merge-key': 'name',
    'x-kubernetes-patch-strategy': 'merge',
  })
  const two = await read(await documents.version2('json'))
  const quantity = two['definitions']?.['io.k8s.apimachinery.pkg.api.resource.Quantity']
  assert.deepEqual(quantity, { type: 'string' })
  const patch = two['paths']?.['/apis/apps/v1/namespaces/{namespace}/deployments/{name}']?.['patch'] as Doc
  assert.deepEqual(patch['x-kubernetes-group-version-kind'], { group: 'apps', version: 'v1', kind: 'Deployment' })
  const parameters = patch['parameters'] as unknown as readonly { name: string; in: string }[]
  assert.ok(parameters.some(one => one.name === 'dryRun' && one.in === 'query'))
  assert.ok(parameters.some(one => one.name === 'fieldValidation' && one.in === 'query'))
})

test('custom kinds: names from their group, fields inline, keys of any name harmless', async () => {
  const documents = makeDocuments(schemeOf([crontab('minutes')]))
  const three = await read(await documents.version3('apis/stable.example.com/v1')!)
  const definition = (resolve(three, '#/components/schemas') as Doc)['com.example.stable.v1.CronTab'] as unknown as Doc
  assert.deepEqual(definition['required'], ['minutes'])
  assert.deepEqual(definition['properties']?.['minutes'], { 'x-kubernetes-int-or-string': true })
  assert.deepEqual(Object.keys(definition['properties'] ?? {}), ['metadata', 'minutes', '__proto__'])
  assert.ok(three['paths']?.['/apis/stable.example.com/v1/namespaces/{namespace}/crontabs/{name}/scale'])
})

test('a changed kind changes its own document alone', async () => {
  const kinds = [pod, crontab('minutes')]
  const documents = makeDocuments(schemeOf(kinds))
  const before = [await documents.version3('api/v1'), await documents.version3('apis/stable.example.com/v1')]
  kinds[1] = crontab('hours')
  const after = [await documents.version3('api/v1'), await documents.version3('apis/stable.example.com/v1')]
  assert.equal(after[0], before[0])
  assert.notEqual(after[1]?.hash, before[1]?.hash)
})

test('a schema may hold integers beyond 2^53', async () => {
  const [like] = crontab('a').versions
  assert.ok(like !== undefined)
  const wide = {
    type: 'object',
    properties: { n: { type: 'integer', default: 2n ** 62n, maxLength: 2n ** 62n } },
  } as unknown as Json
  const version = { ...like, openapi: () => wide as never }
  const documents = makeDocuments(schemeOf([{ ...crontab('a'), versions: [version] }]))
  const three = await documents.version3('apis/stable.example.com/v1')
  assert.ok(three !== undefined)
  assert.match((await decompress(three.gzipped)).toString(), /"default":4611686018427387904/)
  assert.match((await decompress((await documents.version2('json')).gzipped)).toString(), /4611686018427387904/)
  assert.ok((await documents.version2('protobuf')).gzipped.length > 0)
})
