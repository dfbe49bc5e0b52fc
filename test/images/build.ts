/**
 * Builds small images from Debian packages, as OCI archives.
 * As a program: `node test/images/build.ts DIR [NAME…]` prints one archive a line.
 */
import { createHash } from 'node:crypto'
import { existsSync } from 'node:fs'
import { mkdir, rename, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { imageArchive } from '#images/archive.ts'
import type { TarEntry } from '#images/tar.ts'
import { parents, unpack } from './packages.ts'
import { type Recipe, recipes } from './recipes.ts'

async function build(recipe: Recipe, dir: string): Promise<string> {
  const made = createHash('sha256')
    .update(JSON.stringify([recipe.packages, recipe.config, String(recipe.files)]))
    .digest('hex')
  const archive = join(dir, `${recipe.name.replaceAll(/[/:]/g, '_')}.${made.slice(0, 8)}.tar`)
  if (existsSync(archive)) return archive
  const tree = await unpack(join(dir, 'packages'), recipe.packages)
  const status: TarEntry = { type: 'file', path: 'var/lib/dpkg/status', data: Buffer.from(tree.status) }
  const unique = new Map([...(await recipe.files(tree)), status].map(entry => [entry.path, entry]))
  const files = [...unique.values()]
  const image = { name: recipe.name, architecture: 'amd64', config: recipe.config } as const
  await mkdir(dir, { recursive: true })
  await writeFile(`${archive}.part`, imageArchive({ ...image, files: [...parents(files), ...files] }))
  await rename(`${archive}.part`, archive)
  return archive
}

/**
 * Archives of the named images (all, when none is named); a name may leave out registry and tag: `busybox`.
 * @param dir where archives and packages are kept from run to run
 */
export async function buildImages(dir: string, names: readonly string[] = []): Promise<readonly string[]> {
  const matches = (recipe: Recipe, name: string): boolean =>
    recipe.name === name || recipe.name.split('/').at(-1)?.split(':')[0] === name
  const unknown = names.find(name => !recipes.some(recipe => matches(recipe, name)))
  if (unknown !== undefined) throw new Error(`no recipe for ${unknown}`)
  const archives: string[] = []
  for (const recipe of recipes)
    if (names.length === 0 || names.some(name => matches(recipe, name))) archives.push(await build(recipe, dir))
  return archives
}

if (import.meta.main) {
  const [dir, ...names] = process.argv.slice(2)
  if (dir === undefined) throw new Error('usage: build.ts DIR [NAME…]')
  for (const archive of await buildImages(dir, names)) console.log(archive)
}
