import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Entry } from './entry.ts'
import { Past } from './past.ts'
import { Tree } from './tree.ts'

const span = (wanted: number) => ({ tree: Tree.empty<Entry>(), revision: 100, wanted })

test('a state is rebuilt once for all its pages, a few are kept, and a failure is not', async () => {
  const asked: number[] = []
  let broken = false
  const past = new Past({
    read: async ({ after, until }) => {
      asked.push(after)
      if (broken) throw new Error('unreadable')
      return { changes: [], through: until }
    },
  })
  const [one, same] = await Promise.all([past.at('pods', span(5)), past.at('pods', span(5))])
  assert.equal(one, same)
  assert.deepEqual(asked, [5])
  for (let wanted = 10; wanted < 18; wanted++) await past.at('pods', span(wanted))
  await past.at('pods', span(17))
  await past.at('pods', span(5))
  assert.deepEqual(asked, [5, 10, 11, 12, 13, 14, 15, 16, 17, 5])
  past.clear()
  broken = true
  await assert.rejects(past.at('pods', span(17)), /unreadable/)
  broken = false
  assert.equal((await past.at('pods', span(17))) === 'expired', false)
})
