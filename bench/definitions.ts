/** Many large custom resource definitions: how long the built server takes to be ready with them, and what it holds. */
import { setTimeout as sleep } from 'node:timers/promises'
import { discard, residentMegabytes, startServer } from './processes.ts'
import type { Figure } from './report.ts'
import { scale } from './scale.ts'
import { done, median } from './turns.ts'

const port = 17_446
/** Of the definition as JSON. */
const bytes = 100_000

/** One of the kind that operators bring: sections of nested objects, lists and maps, all with a description, one with a rule. */
const section = (at: number): object => ({
  type: 'object',
  description: `Settings of part ${at}, which are taken over while it runs; what is not set has the value that the release before had.`,
  properties: {
    enabled: { type: 'boolean', default: true, description: 'Whether this part runs at all.' },
    replicas: { type: 'integer', format: 'int32', minimum: 0, description: 'How many of it run at the same time.' },
    selector: {
      type: 'object',
      properties: { matchLabels: { type: 'object', additionalProperties: { type: 'string' } } },
    },
    ports: {
      type: 'array',
      'x-kubernetes-list-type': 'map',
      'x-kubernetes-list-map-keys': ['name'],
      items: {
        type: 'object',
        required: ['name', 'port'],
        properties: {
          name: { type: 'string', maxLength: 63, pattern: '^[a-z]([-a-z0-9]*[a-z0-9])?$' },
          port: { type: 'integer', minimum: 1, maximum: 65_535 },
          target: { 'x-kubernetes-int-or-string': true },
        },
      },
    },
  },
})

function definition(plural: string): object {
  const properties: Record<string, object> = {}
  for (let at = 0; JSON.stringify(properties).length < bytes; at++) properties[`part${at}`] = section(at)
  const spec = {
    type: 'object',
    properties,
    'x-kubernetes-validations': [{ rule: 'self.part0.replicas <= 100', message: 'too many' }],
  }
  return {
    apiVersion: 'apiextensions.k8s.io/v1',
    kind: 'CustomResourceDefinition',
    metadata: { name: `${plural}.bench.example.org` },
    spec: {
      group: 'bench.example.org',
      scope: 'Namespaced',
      names: { plural, singular: plural, kind: `K${plural}`, listKind: `K${plural}List` },
      versions: [
        {
          name: 'v1',
          served: true,
          storage: true,
          subresources: { status: {} },
          schema: { openAPIV3Schema: { type: 'object', properties: { spec } } },
        },
      ],
    },
  }
}

export async function definitions(): Promise<readonly Figure[]> {
  const first = await startServer({ port, nodes: 0 })
  const kinds = '/apis/apiextensions.k8s.io/v1/customresourcedefinitions'
  const body = JSON.stringify(definition('k{n}'))
  const requests = scale.definitions
  await done({ ...first.target, connections: 1, seconds: 300, requests, method: 'POST', path: kinds, body })
  await first.stop()
  const times: number[] = []
  const held: number[] = []
  for (let round = 0; round < scale.starts; round++) {
    const again = await startServer({ dir: first.dir, port, nodes: 0 })
    times.push(again.readyAfter)
    const one = { ...again.target, connections: 1, seconds: 30, requests: 1, method: 'GET' } as const
    // Ready means served: the last of them answers at once.
    await done({ ...one, path: `/apis/bench.example.org/v1/k${requests - 1}` })
    await done({ ...one, path: '/openapi/v3' })
    await sleep(2000)
    held.push(residentMegabytes(again.pid))
    await again.stop()
  }
  await discard(first.dir)
  const name = `${requests} definitions of 100 KB`
  return [
    { name: `${name}: server start to /readyz`, value: median(times), unit: 'ms', wanted: { below: 2000 } },
    { name: `${name}: server memory`, value: median(held), unit: 'MB', wanted: { below: 400 } },
  ]
}
