/** Every check in every version, on pods that it refuses and pods that it lets in. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Pod } from '#kinds/facts/generated/types/core_v1.ts'
import { baseline } from './cases-baseline.ts'
import { restricted } from './cases-restricted.ts'
import { type Case, expected, podOf } from './cases.ts'
import { lookedOf } from './checks/check.ts'
import { checks, checksOf, detailsOf, evaluate, newest, reasonsOf } from './evaluate.ts'
import { latest, levelVersion } from './levels.ts'

const cases = [...baseline, ...restricted]
const versions = [...Array.from({ length: 40 }, (_, minor) => minor), latest]
const judged = ['baseline', 'restricted'] as const

function said(level: (typeof judged)[number], version: number, one: Case): string {
  const { metadata, spec } = podOf(level, one.give) as unknown as Pod
  return detailsOf(evaluate(levelVersion(level, version), lookedOf(metadata.annotations, spec)))
}

test('each case is told by the versions that know it, in its words, and by no other', () => {
  let told = 0
  for (const one of cases)
    for (const level of one.level === undefined ? judged : [one.level])
      for (const version of versions) {
        const what = `${one.check} ${level} ${version} ${JSON.stringify(one.give)}`
        if (one.check === 'capabilities_baseline' && level === 'restricted' && version >= 22)
          assert.match(said(level, version, one), /^unrestricted capabilities /, what)
        else assert.equal(said(level, version, one), expected(one, version), what)
        told++
      }
  assert.ok(told > 3000)
})

test('nothing is refused by privileged, and every check is refused by and let in by some case', () => {
  for (const one of cases) {
    const { metadata, spec } = podOf('privileged', one.give) as unknown as Pod
    assert.deepEqual(evaluate(levelVersion('privileged', latest), lookedOf(metadata.annotations, spec)), [])
  }
  for (const { id } of checks)
    for (const isRefused of [true, false])
      assert.ok(
        cases.some(one => one.check === id && (one.text !== '') === isRefused),
        `${id} ${isRefused}`,
      )
})

const ids = (level: (typeof judged)[number], version: number): readonly string[] => [...checksOf(level, version).keys()]

test('levels consist of the checks that upstream has in each version', () => {
  const first = [
    'appArmorProfile',
    'capabilities_baseline',
    'hostNamespaces',
    'hostPathVolumes',
    'hostPorts',
    'privileged',
    'procMount',
    'seLinuxOptions',
    'seccompProfile_baseline',
    'sysctls',
    'windowsHostProcess',
  ]
  assert.deepEqual(ids('baseline', 0), first)
  assert.deepEqual(ids('baseline', 36), first.toSpliced(5, 0, 'hostProbesAndHostLifecycle'))
  assert.deepEqual(ids('restricted', 7), [
    ...first.filter(id => id !== 'hostPathVolumes'),
    'restrictedVolumes',
    'runAsNonRoot',
  ])
  const gone = new Set(['hostPathVolumes', 'seccompProfile_baseline', 'capabilities_baseline', 'procMount'])
  assert.deepEqual(ids('restricted', latest), [
    ...ids('baseline', latest).filter(id => !gone.has(id)),
    'allowPrivilegeEscalation',
    'capabilities_restricted',
    'procMount_restricted',
    'restrictedVolumes',
    'runAsNonRoot',
    'runAsUser',
    'seccompProfile_restricted',
  ])
  assert.equal(newest, 35)
})

test('findings are told in order, all of them', () => {
  const { spec } = podOf('baseline', {
    spec: { hostNetwork: true, volumes: [{ name: 'v', hostPath: { path: '/' } }] },
    secure: { privileged: true },
  }) as unknown as Pod
  const found = evaluate(levelVersion('restricted', latest), lookedOf(undefined, spec))
  assert.equal(
    reasonsOf(found),
    'host namespaces, privileged, allowPrivilegeEscalation != false, unrestricted capabilities, restricted volume types, runAsNonRoot != true, seccompProfile',
  )
})
