/** Definitions in the published OpenAPI document, and what kubectl makes of them. */
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { skip } from '../tools/clients.ts'
import type { Api, Json } from './api.ts'
import { type Definition, define, definitionsPath, nameOf, pluralOf } from './definitions.ts'
import { type Session, openSession } from './session.ts'

let session: Session
let api: Api
before(async () => {
  session = await openSession()
  api = session.api
})
after(() => session.stop())

const text = (description: string): object => ({ type: 'string', description })
const foo = {
  description: 'Foo CRD for Testing',
  type: 'object',
  properties: {
    spec: {
      type: 'object',
      description: 'Specification of Foo',
      properties: {
        bars: {
          description: 'List of Bars and their specs.',
          type: 'array',
          items: {
            type: 'object',
            required: ['name'],
            properties: {
              name: text('Name of Bar.'),
              age: text('Age of Bar.'),
              feeling: { ...text('Whether Bar is feeling great.'), enum: ['Great', 'Down'] },
              bazs: { description: 'List of Bazs.', type: 'array', items: { type: 'string' } },
            },
          },
        },
      },
    },
    status: {
      description: 'Status of Foo',
      type: 'object',
      properties: {
        bars: {
          description: 'List of Bars and their statuses.',
          type: 'array',
          items: {
            type: 'object',
            properties: {
              name: text('Name of Bar.'),
              available: { description: 'Whether the Bar is installed.', type: 'boolean' },
              quxType: { ...text('Indicates to external qux type.'), pattern: 'in-tree|out-of-tree' },
            },
          },
        },
      },
    },
  },
}
const dummy = { dummy: { description: 'Dummy property.', type: 'object' } }
const waldo = (description: string, spec: object = {}, root: object = {}): object => ({
  description,
  ...root,
  type: 'object',
  properties: {
    spec: { description: 'Specification of Waldo', type: 'object', ...spec, properties: dummy },
    status: {
      description: 'Status of Waldo',
      type: 'object',
      properties: {
        bars: { description: 'List of Bars and their statuses.', type: 'array', items: { type: 'object' } },
      },
    },
  },
})
const preserving = { 'x-kubernetes-preserve-unknown-fields': true }

let made = 0
const kindOf = (group: string, schema: object | undefined, versions: readonly string[]): Definition => ({
  group: `publish-test-${group}.example.com`,
  kind: `E2e-${++made}-crd`,
  namespaced: true,
  versions,
  ...(schema === undefined ? {} : { schema }),
})

const published = async ({ group, kind }: Definition, version: string): Promise<Json> => {
  const { definitions } = await api.get('/openapi/v2')
  return definitions[`${group.split('.').toReversed().join('.')}.${version}.${kind}`]
}

/** Waits until a version is published as it was defined, but for what every object has. */
async function shows(one: Definition, version: string, schema: object | undefined = one.schema): Promise<void> {
  const found = await api.until(
    `${version} is published`,
    () => published(one, version),
    is => is !== undefined,
  )
  const { 'x-kubernetes-group-version-kind': _, ...own } = found
  if (own.properties !== undefined) {
    const { apiVersion: _v, kind: _k, metadata: _m, ...properties } = own.properties
    own.properties = properties
    if (Object.keys(properties).length === 0) delete own.properties
  }
  assert.deepEqual(own, schema)
}

const hides = (one: Definition, version: string): Promise<unknown> =>
  api.until(
    `${version} is not published`,
    () => published(one, version),
    is => is === undefined,
  )

async function setUp(group: string, schema: object | undefined, ...versions: readonly string[]): Promise<Definition> {
  const one = kindOf(group, schema, versions)
  await define(api, one)
  return one
}

async function remove(one: Definition, ...versions: readonly string[]): Promise<void> {
  await api.delete(`${definitionsPath}/${nameOf(one)}`)
  for (const version of versions) await hides(one, version)
}

const object = ({ group, kind }: Definition, rest: object): string =>
  JSON.stringify({ kind, apiVersion: `${group}/v1`, metadata: { name: 'test-cr' }, ...rest })

/** Creates and applies what is valid. */
async function takes(one: Definition, rest: object): Promise<void> {
  for (const verb of ['create', 'apply']) {
    await session.kubectl([verb, '-f', '-'], object(one, rest))
    await session.kubectl(['delete', pluralOf(one), 'test-cr'])
  }
}

async function refuses(
  one: Definition,
  rest: object,
  { verbs = ['create', 'apply'], why }: { readonly verbs?: readonly string[]; readonly why: RegExp },
): Promise<void> {
  for (const verb of verbs) {
    const { code, stderr } = await session.ran([verb, '-f', '-'], { input: object(one, rest) })
    assert.notEqual(code, 0)
    assert.match(stderr, why)
  }
}

const explains = async (path: string, what: RegExp): Promise<void> =>
  assert.match(await session.kubectl(['explain', path]), what)

test(
  '[sig-api-machinery] CustomResourcePublishOpenAPI [Privileged:ClusterAdmin] works for CRD with validation schema',
  { skip },
  async () => {
    const one = await setUp('foo', foo, 'v1')
    await shows(one, 'v1')
    await takes(one, { spec: { bars: [{ name: 'test-bar' }] } })
    const feeling = { spec: { bars: [{ name: 'test-bar', feeling: 'NonExistentValue' }] } }
    await refuses(one, feeling, { verbs: ['create'], why: /Unsupported value: "NonExistentValue"/ })
    await refuses(one, { spec: { foo: true } }, { why: /unknown field "(spec\.)?foo"/ })
    await refuses(
      one,
      { spec: { bars: [{ age: '10' }] } },
      { why: /missing required field "name"|spec\.bars\[0\]\.name: Required value/ },
    )
    const plural = pluralOf(one)
    await explains(
      plural,
      /DESCRIPTION:.*Foo CRD for Testing.*FIELDS:.*apiVersion.*<string>.*APIVersion defines.*spec.*<Object>.*Specification of Foo/s,
    )
    await explains(
      `${plural}.metadata`,
      /DESCRIPTION:.*Standard object's metadata.*FIELDS:.*creationTimestamp.*<string>.*CreationTimestamp is a timestamp/s,
    )
    await explains(
      `${plural}.spec`,
      /DESCRIPTION:.*Specification of Foo.*FIELDS:.*bars.*<\[\]Object>.*List of Bars and their specs/s,
    )
    await explains(
      `${plural}.spec.bars`,
      /(FIELD|RESOURCE):.*bars.*<\[\]Object>.*DESCRIPTION:.*List of Bars and their specs.*FIELDS:.*bazs.*<\[\]string>.*List of Bazs.*name.*<string>.*Name of Bar/s,
    )
    const { code, stderr } = await session.ran(['explain', `${plural}.spec.bars2`])
    assert.notEqual(code, 0)
    assert.match(stderr, /field "bars2" does not exist/)
    await remove(one, 'v1')
  },
)

test(
  '[sig-api-machinery] CustomResourcePublishOpenAPI [Privileged:ClusterAdmin] works for CRD without validation schema',
  { skip },
  async () => {
    const one = await setUp('empty', undefined, 'v1')
    await shows(one, 'v1', { type: 'object' })
    await takes(one, { a: { b: [{ c: 'd' }] } })
    await explains(pluralOf(one), /DESCRIPTION:.*<empty>/s)
    await remove(one, 'v1')
  },
)

test(
  '[sig-api-machinery] CustomResourcePublishOpenAPI [Privileged:ClusterAdmin] works for CRD preserving unknown fields at the schema root',
  { skip },
  async () => {
    const one = await setUp(
      'unknown-at-root',
      waldo('preserve-unknown-properties at root for Testing', {}, preserving),
      'v1',
    )
    await takes(one, { a: { b: [{ c: 'd' }] } })
    await explains(pluralOf(one), new RegExp(`KIND:.*${one.kind}`, 's'))
    await remove(one, 'v1')
  },
)

test(
  '[sig-api-machinery] CustomResourcePublishOpenAPI [Privileged:ClusterAdmin] works for CRD preserving unknown fields in an embedded object',
  { skip },
  async () => {
    const one = await setUp(
      'unknown-in-nested',
      waldo('preserve-unknown-properties in nested field for Testing', preserving),
      'v1',
    )
    await takes(one, { spec: { a: null, b: [{ c: 'd' }] } })
    await explains(pluralOf(one), /DESCRIPTION:.*preserve-unknown-properties in nested field for Testing/s)
    await remove(one, 'v1')
  },
)

const other = waldo('Waldo CRD for Testing')

async function both(first: readonly [string, string], second: readonly [string, string]): Promise<void> {
  const [a, b] = [await setUp(first[0], foo, first[1]), await setUp(second[0], other, second[1])]
  await shows(b, second[1])
  await shows(a, first[1])
  await remove(a, first[1])
  await remove(b, second[1])
}

test('[sig-api-machinery] CustomResourcePublishOpenAPI [Privileged:ClusterAdmin] works for multiple CRDs of different groups', () =>
  both(['foo', 'v1'], ['waldo', 'v1beta1']))

test('[sig-api-machinery] CustomResourcePublishOpenAPI [Privileged:ClusterAdmin] works for multiple CRDs of same group and version but different kinds', () =>
  both(['common-group', 'v6'], ['common-group', 'v6']))

test('[sig-api-machinery] CustomResourcePublishOpenAPI [Privileged:ClusterAdmin] works for multiple CRDs of same group but different versions', async () => {
  const one = await setUp('multi-ver', foo, 'v2', 'v3')
  for (const version of ['v3', 'v2']) await shows(one, version)
  await remove(one, 'v2', 'v3')
  await both(['common-group', 'v4'], ['common-group', 'v5'])
})

test('[sig-api-machinery] CustomResourcePublishOpenAPI [Privileged:ClusterAdmin] updates the published spec when one version gets renamed', async () => {
  const one = await setUp('multi-ver', foo, 'v2', 'v3')
  for (const version of ['v3', 'v2']) await shows(one, version)
  const at = '/spec/versions/1/name'
  const patch = [
    { op: 'test', path: at, value: 'v3' },
    { op: 'replace', path: at, value: 'v4' },
  ]
  await api.patch(`${definitionsPath}/${nameOf(one)}`, patch, 'json')
  await hides(one, 'v3')
  for (const version of ['v4', 'v2']) await shows(one, version)
  await remove(one, 'v2', 'v4')
})

test('[sig-api-machinery] CustomResourcePublishOpenAPI [Privileged:ClusterAdmin] removes definition from spec when one version gets changed to not be served', async () => {
  const one = await setUp('multi-to-single-ver', foo, 'v5', 'v6alpha1')
  for (const version of ['v6alpha1', 'v5']) await shows(one, version)
  const found = await api.get(`${definitionsPath}/${nameOf(one)}`)
  const [first, second] = found.spec.versions
  await api.update(`${definitionsPath}/${nameOf(one)}`, {
    ...found,
    spec: { ...found.spec, versions: [first, { ...second, served: false }] },
  })
  await hides(one, 'v6alpha1')
  await shows(one, 'v5')
  await remove(one, 'v5')
})
