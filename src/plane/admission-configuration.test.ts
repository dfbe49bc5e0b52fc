/** What an AdmissionConfiguration comes to, and what is wrong with one that cannot be used. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { admissionSettings } from './admission-configuration.ts'

const head = { apiVersion: 'apiserver.config.k8s.io/v1', kind: 'AdmissionConfiguration' }
const own = { apiVersion: 'pod-security.admission.config.k8s.io/v1', kind: 'PodSecurityConfiguration' }
const noFile = (path: string): string => {
  throw new Error(`no ${path}`)
}
const read = (configuration: unknown, name = 'PodSecurity') =>
  admissionSettings({ ...head, plugins: [{ name, configuration }] }, noFile).podSecurity
const texts = (configuration: unknown): readonly string[] => {
  const found = read(configuration)
  return [found?.defaults.enforce.text ?? '', found?.defaults.audit.text ?? '', found?.defaults.warn.text ?? '']
}

test('what is left out stays as it is usually, kube-system too', () => {
  assert.deepEqual(texts(own), ['baseline:latest', 'restricted:latest', 'restricted:latest'])
  assert.deepEqual(texts({ ...own, defaults: { enforce: 'restricted', 'enforce-version': 'v1.30', warn: '' } }), [
    'restricted:v1.30',
    'restricted:latest',
    'restricted:latest',
  ])
  assert.deepEqual(texts({ ...own, defaults: { enforce: 'privileged', audit: 'privileged', warn: 'baseline' } }), [
    'privileged:latest',
    'privileged:latest',
    'baseline:latest',
  ])
  assert.deepEqual(read({ ...own, exemptions: { usernames: ['u'] } })?.exemptions.namespaces, new Set(['kube-system']))
  assert.deepEqual(read({ ...own, exemptions: { namespaces: [] } })?.exemptions.namespaces, new Set())
  assert.deepEqual(
    read({ ...own, apiVersion: own.apiVersion.replace('v1', 'v1beta1') })?.exemptions.usernames,
    new Set(),
  )
  assert.deepEqual(admissionSettings(head, noFile), {})
})

test('a plugin may name a file', () => {
  const plugins = [{ name: 'PodSecurity', path: 'pss.yaml' }]
  const yaml = `apiVersion: ${own.apiVersion}\nkind: ${own.kind}\ndefaults: { enforce: restricted }\n`
  const found = admissionSettings({ ...head, plugins }, path => (path === 'pss.yaml' ? yaml : ''))
  assert.equal(found.podSecurity?.defaults.enforce.text, 'restricted:latest')
  assert.throws(() => admissionSettings({ ...head, plugins }, noFile), /^Error: PodSecurity: no pss.yaml$/)
})

test('levels, versions and names are checked, all of them at once', () => {
  const defaults = { enforce: 'baslein', 'enforce-version': 'v.122', audit: 'lorum', 'warn-version': 'ipsum' }
  assert.throws(() => read({ ...own, defaults }), {
    message:
      'PodSecurity: [defaults.enforce: Invalid value: "baslein": must be one of privileged, baseline, restricted, ' +
      'defaults.enforce-version: Invalid value: "v.122": must be "latest" or "v1.x", ' +
      'defaults.warn-version: Invalid value: "ipsum": must be "latest" or "v1.x", ' +
      'defaults.audit: Invalid value: "lorum": must be one of privileged, baseline, restricted]',
  })
  const exemptions = {
    namespaces: ['', 'a.b', 'UPPER', 'x'.repeat(64), 'ok', 'ok'],
    runtimeClasses: ['_', 'ok', 'ok'],
    usernames: ['', 'u', 'u'],
  }
  let message = ''
  try {
    read({ ...own, exemptions })
  } catch (error) {
    message = error instanceof Error ? error.message : ''
  }
  for (const part of [
    'exemptions.namespaces[0]: Invalid value: "": a lowercase RFC 1123 label',
    'exemptions.namespaces[1]: Invalid value: "a.b": must not contain dots',
    'exemptions.namespaces[2]: Invalid value: "UPPER": ',
    `exemptions.namespaces[3]: Invalid value: "${'x'.repeat(64)}": must be no more than 63 characters`,
    'exemptions.namespaces[5]: Duplicate value: "ok"',
    'exemptions.runtimeClasses[0]: Invalid value: "_": a lowercase RFC 1123 subdomain',
    'exemptions.runtimeClasses[2]: Duplicate value: "ok"',
    'exemptions.usernames[0]: Invalid value: "": username must not be empty',
    'exemptions.usernames[2]: Duplicate value: "u"',
  ])
    assert.ok(message.includes(part), part)
})

test('nothing that is not understood is passed over', () => {
  const refused: readonly (readonly [unknown, RegExp])[] = [
    [null, /expected AdmissionConfiguration/],
    [{ ...head, kind: 'Config' }, /expected AdmissionConfiguration/],
    [{ ...head, plugin: [] }, /unknown field "plugin"/],
    [{ ...head, plugins: {} }, /plugins must be a list/],
    [{ ...head, plugins: ['PodSecurity'] }, /plugins\[0\] must be an object/],
    [{ ...head, plugins: [{ name: 'PodSecurity', config: own }] }, /unknown field "plugins\[0\].config"/],
    [{ ...head, plugins: [{ name: 'podsecurity' }] }, /"podsecurity" takes no configuration/],
    [{ ...head, plugins: [{ name: 'PodSecurity' }, { name: 'PodSecurity' }] }, /configured twice/],
    [{ ...head, plugins: [{ name: 'PodSecurity', path: 7 }] }, /path must be a string/],
  ]
  for (const [value, text] of refused) assert.throws(() => admissionSettings(value, noFile), text)
  const inside: readonly (readonly [unknown, RegExp])[] = [
    [7, / must be an object/],
    [{ ...own, kind: 'Other' }, /expected PodSecurityConfiguration .*, got "Other"/],
    [{ ...own, apiVersion: 'v1' }, /got "PodSecurityConfiguration" of "v1"/],
    [{ ...own, defaults: { enforced: 'baseline' } }, /unknown field "defaults.enforced"/],
    [{ ...own, defaults: { enforce: true } }, /defaults.enforce must be a string/],
    [{ ...own, exemptions: { users: [] } }, /unknown field "exemptions.users"/],
    [{ ...own, exemptions: { usernames: 'u' } }, /exemptions.usernames must be a list of strings/],
    [{ ...own, exemptions: { namespaces: [7] } }, /exemptions.namespaces must be a list of strings/],
    [{ ...own, rules: [] }, /unknown field "rules"/],
  ]
  for (const [value, text] of inside) assert.throws(() => read(value), text)
})
