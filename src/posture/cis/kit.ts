/** What controls have in common: files with modes and owners, flags with values. */
import { type Component, type Flag, valueOf } from '#processes/settings/flag.ts'
import { type Control, type Proof, fail, noneOf, notApplicable, pass } from '../control.ts'
import type { Facts } from '../facts.ts'

const octal = (mode: number): string => `0${mode.toString(8)}`

export type Paths = (facts: Facts) => readonly string[]

const existing = (facts: Facts, paths: Paths) =>
  paths(facts).flatMap(path => {
    const file = facts.machine.file(path)
    return file === undefined ? [] : [{ path, ...file }]
  })

const missing = 'there is no such file on this machine'

/** @param most bits that may be set; no other may */
export const modes =
  (paths: Paths, most: number): Control['check'] =>
  facts => {
    const files = existing(facts, paths)
    if (files.length === 0) return notApplicable(missing)
    const line = ({ path, mode }: (typeof files)[number]): Proof => ({
      place: `file ${path}`,
      says: `mode ${octal(mode)}`,
    })
    const wrong = files.filter(one => (one.mode & ~most) !== 0)
    return wrong.length === 0
      ? pass(...files.map(line))
      : fail(`chmod ${octal(most)} ${wrong.map(one => one.path).join(' ')}`, ...wrong.map(line))
  }

/** Whoever runs the cluster, which is root where nodes are real. */
export const owners =
  (paths: Paths): Control['check'] =>
  facts => {
    const files = existing(facts, paths)
    if (files.length === 0) return notApplicable(missing)
    const { uid } = facts.machine
    const line = (one: (typeof files)[number]): Proof => ({
      place: `file ${one.path}`,
      says: `owner ${one.uid}:${one.gid}`,
    })
    const wrong = files.filter(one => one.uid !== uid || (uid === 0 && one.gid !== 0))
    return wrong.length === 0
      ? pass(...files.map(line))
      : fail(`chown ${uid}${uid === 0 ? ':0' : ''} ${wrong.map(one => one.path).join(' ')}`, ...wrong.map(line))
  }

export const lineOf = (component: Component, { name, value, note }: Flag): Proof => ({
  place: component,
  says: value === undefined ? `--${name}: ${note ?? ''}` : `--${name}=${value}`,
})

export const proofOf = (facts: Facts, component: Component, name: string): Proof => {
  const found = facts.flags[component].find(one => one.name === name)
  return found === undefined ? { place: component, says: `--${name} is not set` } : lineOf(component, found)
}

interface Setting {
  readonly component: Component
  readonly name: string
  readonly is: (value: string | undefined) => boolean
  readonly fix: string
}

export const setting =
  ({ component, name, is, fix }: Setting): Control['check'] =>
  facts => {
    const proof = proofOf(facts, component, name)
    return is(valueOf(facts.flags[component], name)) ? pass(proof) : fail(fix, proof)
  }

/** @param list of names with commas between them */
export const names = (list: string | undefined): readonly string[] => (list ?? '').split(',')

export const plugin =
  (name: string, wanted: boolean, fix: string): Control['check'] =>
  ({ flags }) => {
    const on = names(valueOf(flags['kube-apiserver'], 'enable-admission-plugins')).includes(name)
    const proof: Proof = { place: 'kube-apiserver', says: `--${on ? 'en' : 'dis'}able-admission-plugins names ${name}` }
    return on === wanted ? pass(proof) : fail(fix, proof)
  }

/** All of them hold; the first that does not says so. */
export const both =
  (...checks: readonly Control['check'][]): Control['check'] =>
  facts => {
    const verdicts = checks.map(check => check(facts))
    const failed = verdicts.find(one => one.state === 'fail')
    if (failed !== undefined) return failed
    const passed = verdicts.flatMap(one => (one.state === 'pass' ? one.proof : []))
    return passed.length > 0 ? pass(...passed) : (verdicts[0] ?? notApplicable('nothing to look at'))
  }

export { noneOf }
