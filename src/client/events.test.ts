import assert from 'node:assert/strict'
import { test } from 'node:test'
import { makeClient } from './client.ts'
import { type CoreEvent, events, makeRecorder } from './events.ts'
import { makeFakeApi } from './fake.ts'
import { makeFakeClock } from './fake-clock.ts'

const pod = { apiVersion: 'v1', kind: 'Pod', metadata: { name: 'web', namespace: 'n', uid: 'u' } }
const notice = (message: string) => ({ about: pod, type: 'Normal', reason: 'Pulled', message }) as const

function world() {
  const clock = makeFakeClock()
  const api = makeFakeApi(clock)
  const client = makeClient(api.transport)
  const recorder = makeRecorder({ client, clock, component: 'kubelet', host: 'n1' })
  const all = async (): Promise<readonly CoreEvent[]> => {
    await recorder.flush()
    return (await client.list(events)).items
  }
  return { clock, recorder, all }
}

test('the same event is counted', async () => {
  const { recorder, all } = world()
  for (let i = 0; i < 3; i++) recorder.record(notice('image is there'), 'spec.containers{web}')
  const [event, ...others] = await all()
  assert.equal(others.length, 0)
  assert.equal(event?.count, 3)
  assert.equal(event.involvedObject.fieldPath, 'spec.containers{web}')
  assert.equal(event.source.host, 'n1')
  assert.match(event.metadata.name ?? '', /^web\.[0-9a-f]+$/)
})

test('similar events are combined and a flood is dropped', async () => {
  const { recorder, all } = world()
  for (let i = 0; i < 40; i++) recorder.record({ ...notice(`message ${i}`), annotations: { number: String(i) } })
  const list = await all()
  assert.equal(list.length, 10)
  const combined = list.filter(event => event.message.startsWith('(combined from similar events): '))
  assert.equal(combined.length, 1)
  assert.equal(combined[0]?.count, 25 - 9)
  assert.match(combined[0].message, / message 24$/)
  assert.deepEqual(combined[0].metadata.annotations, { number: '24' }, 'what goes with the message that is told')
})

test('the rate comes back with time', async () => {
  const { clock, recorder, all } = world()
  for (let i = 0; i < 30; i++) recorder.record(notice('again'))
  assert.equal((await all())[0]?.count, 25)
  await clock.advance(300_000)
  recorder.record(notice('again'))
  recorder.record(notice('again'))
  assert.equal((await all())[0]?.count, 26)
})
