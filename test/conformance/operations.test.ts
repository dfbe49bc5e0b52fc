/** Every operation of every kind that upstream's conformance tests name. */
import { after, before, test } from 'node:test'
import { type Api, openApi } from './api.ts'
import { operate } from './operations.ts'
import { coreSamples } from './samples-core.ts'
import { groupSamples } from './samples-groups.ts'
import { workloadSamples } from './samples-workloads.ts'

let api: Api
before(async () => {
  api = await openApi()
})
after(() => api.stop())

for (const sample of [...coreSamples, ...groupSamples, ...workloadSamples])
  test(sample.tests.join('; '), { timeout: 30_000 }, () => operate(api, sample))
