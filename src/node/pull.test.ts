import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Secret } from '#kinds/facts/generated/types/core_v1.ts'
import { count, noTally } from './probes/tally.ts'
import { credentialsFor, policyOf, registryOf } from './pull.ts'

const base64 = (text: string): string => Buffer.from(text).toString('base64')
const secret = (auths: object): Secret => ({
  apiVersion: 'v1',
  kind: 'Secret',
  metadata: { name: 's' },
  data: { '.dockerconfigjson': base64(JSON.stringify({ auths })) },
})

test('the registry of a name', () => {
  const names = ['redis', 'library/redis:7', 'quay.io/a/b', 'localhost/a', 'host:5000/a@sha256:1']
  assert.deepEqual(names.map(registryOf), ['docker.io', 'docker.io', 'quay.io', 'localhost', 'host:5000'])
})

test('credentials go only to the registry and folder that they are for', () => {
  const auths = {
    'https://index.docker.io/v1/': { auth: base64('a:b:c') },
    'quay.io/team': { username: 'u', password: 'p' },
  }
  assert.deepEqual(credentialsFor('redis', [secret(auths)]), [{ username: 'a', password: 'b:c' }])
  assert.deepEqual(credentialsFor('quay.io/team/app:1', [secret(auths)]), [{ username: 'u', password: 'p' }])
  assert.deepEqual(credentialsFor('quay.io/other/app:1', [secret(auths)]), [])
  assert.deepEqual(credentialsFor('quay.io/team-b/app:1', [secret(auths)]), [])
  assert.deepEqual(credentialsFor('quay.io.evil.org/team/app', [secret(auths)]), [])
  const broken: Secret = { ...secret({}), data: { '.dockerconfigjson': base64('{') } }
  assert.deepEqual(credentialsFor('redis', [broken]), [])
})

test('images without a fixed tag are always pulled', () => {
  const policies = ['a', 'a:latest', 'a:1', 'h:5000/a', 'a@sha256:1'].map(image => policyOf({ name: 'c', image }))
  assert.deepEqual(policies, ['Always', 'Always', 'IfNotPresent', 'Always', 'IfNotPresent'])
})

test('a probe turns at its thresholds', () => {
  const probe = { failureThreshold: 2, successThreshold: 2 }
  let tally = noTally
  const results = [true, true, false, true, false, false].map(outcome => {
    tally = count(tally, outcome, probe)
    return tally.result
  })
  assert.deepEqual(results, [undefined, true, true, true, true, false])
})
