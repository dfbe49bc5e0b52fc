/** Debian packages as files: downloaded by apt (which verifies them), unpacked side by side in one tree. */
import { execFile } from 'node:child_process'
import { existsSync, globSync, lstatSync, readFileSync, readlinkSync, realpathSync } from 'node:fs'
import { mkdir } from 'node:fs/promises'
import { dirname, join, relative } from 'node:path'
import { promisify } from 'node:util'
import type { TarEntry } from '#images/tar.ts'

const run = promisify(execFile)
const libraries = ['usr/lib/x86_64-linux-gnu', 'lib/x86_64-linux-gnu']
const loader = 'lib64/ld-linux-x86-64.so.2'

export interface Tree {
  readonly root: string
  /** The packages' control fields, as in dpkg's status file. */
  readonly status: string
}

/** The packages with all that they depend on. */
async function closure(packages: readonly string[]): Promise<readonly string[]> {
  const without = ['recommends', 'suggests', 'conflicts', 'breaks', 'replaces', 'enhances'].map(kind => `--no-${kind}`)
  const { stdout } = await run('apt-cache', ['depends', '--recurse', ...without, ...packages], { maxBuffer: 16 << 20 })
  // Only libraries of the closure matter: the rest (init scripts, debconf, perl) is for installing, not for running.
  const wanted = (name: string): boolean => packages.includes(name) || /^(lib|zlib)/.test(name)
  return [...new Set(stdout.split('\n').filter(line => /^[a-z0-9]/.test(line) && wanted(line)))]
}

/** Fetches and unpacks into `cache`; what is there already is taken as it is. */
export async function unpack(cache: string, packages: readonly string[]): Promise<Tree> {
  const [debs, root] = [join(cache, 'debs'), join(cache, 'root')]
  await mkdir(debs, { recursive: true })
  await mkdir(root, { recursive: true })
  const names = await closure(packages)
  const have = (name: string): string | undefined => globSync(`${name}_*.deb`, { cwd: debs })[0]
  const missing = names.filter(name => have(name) === undefined)
  const options = ['-o', 'APT::Sandbox::User=root', '-o', 'Acquire::Retries=3']
  if (missing.length > 0) await run('apt-get', [...options, 'download', ...missing], { cwd: debs, maxBuffer: 16 << 20 })
  const status: string[] = []
  for (const deb of names.map(have).filter(name => name !== undefined)) {
    await run('dpkg-deb', ['-x', join(debs, deb), root])
    const { stdout } = await run('dpkg-deb', ['-f', join(debs, deb)])
    status.push(stdout.replace('\n', '\nStatus: install ok installed\n'))
  }
  return { root, status: status.join('\n') }
}

const fileEntry = (from: string, path: string): TarEntry => ({
  type: 'file',
  path,
  data: readFileSync(from),
  mode: lstatSync(from).mode & 0o777,
})

/** A program of the tree under its own path, with the shared libraries that it loads and the loader. */
export async function program(tree: Tree, path: string, from = join(tree.root, path)): Promise<readonly TarEntry[]> {
  const search = libraries.map(folder => join(tree.root, folder)).join(':')
  const { stdout } = await run('ldd', [from], { env: { ...process.env, LD_LIBRARY_PATH: search } }).catch(() => ({
    stdout: '',
  }))
  const loaded = [...stdout.matchAll(/^\s*(\S+) => (\S+) \(/gm)].map(([, name = '', found = '']) =>
    fileEntry(realpathSync(found), join(libraries[0] ?? '', name)),
  )
  const dynamic = loaded.length > 0 ? [fileEntry(realpathSync(join('/', loader)), loader)] : []
  return [fileEntry(realpathSync(from), path), ...loaded, ...dynamic]
}

/** Everything below a folder of the tree. */
export function folder(tree: Tree, path: string): readonly TarEntry[] {
  if (!existsSync(join(tree.root, path))) throw new Error(`${path} is in none of the packages`)
  return globSync('**', { cwd: join(tree.root, path), withFileTypes: true })
    .map(entry => ({ entry, full: join(entry.parentPath, entry.name) }))
    .filter(({ entry }) => entry.isFile() || entry.isSymbolicLink())
    .map(({ entry, full }) => {
      const at = relative(tree.root, full)
      return entry.isFile()
        ? fileEntry(full, at)
        : ({ type: 'link', path: at, target: readlinkSync(full) } satisfies TarEntry)
    })
}

/** The folders that entries need, parents first. */
export function parents(entries: readonly TarEntry[]): readonly TarEntry[] {
  const folders = new Set<string>()
  for (const { path } of entries)
    for (let at = dirname(path); at !== '.' && at !== '/'; at = dirname(at)) folders.add(at)
  const own = new Set(entries.map(entry => entry.path))
  return [...folders]
    .filter(path => !own.has(path))
    .sort()
    .map(path => ({ type: 'folder', path }))
}
