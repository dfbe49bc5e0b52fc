/** Bundles the product into dist/: one file a process, the worker threads beside it. `npm run build` */
import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { rolldown } from 'rolldown'

const root = join(import.meta.dirname, '..')

export async function build(into = join(root, 'dist')): Promise<void> {
  await rm(into, { recursive: true, force: true })
  const bundle = await rolldown({
    input: {
      main: join(root, 'src/main.ts'),
      'commit-worker': join(root, 'src/server/store/sqlite/commit-worker.ts'),
      dns: join(root, 'src/network/dns/entry.ts'),
      'history-worker': join(root, 'src/server/store/sqlite/history-worker.ts'),
    },
    platform: 'node',
    resolve: { conditionNames: ['node', 'import'] },
    logLevel: 'warn',
  })
  await bundle.write({
    dir: into,
    format: 'esm',
    minify: false,
    sourcemap: false,
    entryFileNames: '[name].js',
    chunkFileNames: '[name]-[hash].js',
  })
  await bundle.close()
}

if (process.argv[1] === import.meta.filename) await build()
