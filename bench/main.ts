/** `npm run bench -- api|auth|audit|start|memory|pods|watch|definitions [--kubeconfig FILE] [--json FILE]`: figures against the floor of the same run. */
import { writeFile } from 'node:fs/promises'
import { parseArgs } from 'node:util'
import { build } from '../tools/build.ts'
import { api } from './api.ts'
import { auditCost } from './audit.ts'
import { auth } from './auth.ts'
import { definitions } from './definitions.ts'
import { memory } from './memory.ts'
import { podStarts } from './pods.ts'
import { type Figure, table } from './report.ts'
import { start } from './start.ts'
import { watch } from './watch.ts'

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { kubeconfig: { type: 'string' }, json: { type: 'string' } },
})
const suites: Readonly<Record<string, () => Promise<readonly Figure[]>>> = {
  api: () => api(values.kubeconfig),
  auth,
  audit: auditCost,
  start,
  memory,
  pods: podStarts,
  watch,
  definitions,
}
const wanted = positionals.length === 0 ? Object.keys(suites) : positionals
const unknown = wanted.find(name => !Object.hasOwn(suites, name))
if (unknown !== undefined) {
  process.stderr.write(`bench: there is no ${unknown}; choose from ${Object.keys(suites).join(', ')}\n`)
  process.exit(2)
}
await build()
const figures: Figure[] = []
for (const name of wanted) figures.push(...((await suites[name]?.()) ?? []))
process.stdout.write(`${table(figures)}\n`)
process.stdout.write(`${JSON.stringify(figures)}\n`)
if (values.json !== undefined) await writeFile(values.json, `${JSON.stringify(figures, null, 2)}\n`)
