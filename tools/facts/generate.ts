/** All generated files as values, so that the command writes them and the test compares them. */
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { readGoPackage } from './go.ts'
import type { Table } from '#kinds/facts/read.ts'
import { factsModule, tableOf } from './lines.ts'
import { modelsOf, type Model, type World } from './model.ts'
import { type Source, everySource, sources } from './packages.ts'
import { refsModule, resourcesModule, resourcesOf } from './resources.ts'
import { typesModule } from './types.ts'

/** Packages whose names other packages use, but that declare no kinds of ours. */
const supporting = ['k8s.io/apimachinery/pkg/types', 'k8s.io/apimachinery/pkg/runtime']

function readWorld(input: string, from: readonly Source[]): World {
  const root = join(input, 'usr/share/gocode/src')
  const packages = new Map(
    [...supporting, ...from.map(source => source.path)].map(path => {
      const folder = join(root, path)
      if (existsSync(folder)) return [path, readGoPackage(folder)]
      const own = join(import.meta.dirname, 'declared', `${path.split('/').slice(-2).join('_')}.txt`)
      return [path, readGoPackage(undefined, readFileSync(own, 'utf8'))]
    }),
  )
  return { sources: from, packages }
}

/** @param input folder with the unpacked Debian packages. @returns contents by path below src/kinds/facts/generated. */
export function generate(input: string): ReadonlyMap<string, string> {
  const world = readWorld(input, sources)
  const models = sources.map(source => modelsOf(world, source))
  const every = models.flat()
  const byName = new Map<string, Model>(every.map(model => [`${model.source.alias}.${model.name}`, model]))
  const resources = resourcesOf(every)
  return new Map([
    ['facts.ts', factsModule(every)],
    ['resources.ts', resourcesModule(resources)],
    ['refs.ts', refsModule(resources)],
    ...models.map((own): [string, string] => [`types/${own[0]?.source.alias ?? ''}.ts`, typesModule(own, byName)]),
  ])
}

/** Lines of every version that is published, served or not, for the judges of the codec. */
export function everyTable(input: string): Table {
  const all = everySource(input)
  const world = readWorld(input, all)
  return tableOf(all.flatMap(source => modelsOf(world, source)))
}
