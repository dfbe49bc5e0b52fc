import assert from 'node:assert/strict'
import { test } from 'node:test'
import { cannotRunPods, missingPackages } from './node.ts'

test('says why a machine cannot run pods', () => {
  assert.equal(cannotRunPods({ platform: 'darwin', uid: 501 }), 'real nodes need Linux, this is darwin')
  assert.equal(cannotRunPods({ platform: 'linux', uid: 1000 }), 'real nodes need root')
  assert.equal(cannotRunPods({ platform: 'linux', uid: 0 }), undefined)
})

test('names the packages of absent programs', () => {
  const find = (name: string): string | undefined =>
    name === 'nft' || name === 'runc' ? undefined : `/usr/bin/${name}`
  assert.deepEqual(missingPackages(find), ['runc', 'nftables'])
})
