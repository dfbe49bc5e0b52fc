/** Holds every import of src/ to the table in layers.ts. */
import assert from 'node:assert/strict'
import { globSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { test } from 'node:test'
import { layers } from './layers.ts'

const root = import.meta.dirname
const order = Object.keys(layers)
const files = globSync('*/**/*.ts', { cwd: root })
// TypeScript 7 has no programmatic API; our specifiers are all literals, so one pattern reads them, types included.
const specifier = /\b(?:from |import ?\(?)'([^']+)'/g

const layerOf = (path: string): string =>
  order.filter(layer => path.startsWith(`${layer}/`)).sort((a, b) => b.length - a.length)[0] ?? `no layer: ${path}`
const imports = files.flatMap(file =>
  [...readFileSync(join(root, file), 'utf8').matchAll(specifier)].map(([, target = '']) => ({
    file,
    target,
    path: target.startsWith('.') ? join(dirname(file), target) : target.slice(1),
  })),
)
const isTest = (file: string): boolean => file.endsWith('.test.ts')

test('each layer imports only layers below it, and all that it lists', () => {
  for (const file of files) assert.ok(layerOf(file) in layers, `${file} belongs to no layer`)
  for (const [layer, { imports: allowed }] of Object.entries(layers))
    for (const below of allowed) {
      assert.ok(order.indexOf(below) > order.indexOf(layer), `${layer} lists ${below}, which lies above it`)
      assert.ok(
        imports.some(i => layerOf(i.file) === layer && i.target.startsWith('#') && layerOf(i.path) === below),
        `${layer} no longer imports ${below}: drop it from layers.ts`,
      )
    }
})

test('every import keeps to its layer', () => {
  const broken = imports.filter(({ file, target, path }) => {
    const layer = layers[layerOf(file)]
    if (layer === undefined) return true
    if (target.startsWith('node:')) return !isTest(file) && !layer.node?.includes(target.slice(5))
    if (target.startsWith('#')) return !layer.imports.includes(layerOf(path))
    if (target.startsWith('.')) return layerOf(path) !== layerOf(file)
    if (isTest(file) && (target === 'fast-check' || target.startsWith('@bufbuild/cel-spec/'))) return false
    return !layer.packages?.includes(target)
  })
  assert.deepEqual(
    broken.map(i => `${i.file} -> ${i.target}`),
    [],
  )
})

test('no file imports itself in a circle, types included', () => {
  const next = Map.groupBy(
    imports.filter(i => i.target.startsWith('.')),
    i => i.file,
  )
  const done = new Set<string>()
  const visit = (file: string, trail: readonly string[]): void => {
    assert.ok(!trail.includes(file), `circle: ${[...trail, file].join(' -> ')}`)
    if (done.has(file)) return
    for (const { path } of next.get(file) ?? []) visit(path, [...trail, file])
    done.add(file)
  }
  for (const file of next.keys()) visit(file, [])
})
