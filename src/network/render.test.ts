/** Text for nftables: nothing that objects say becomes a command. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { changeText, replaceText } from './render.ts'
import { type Chain, type NamedSet, goto, is, jump, makeRuleset, rule } from './ruleset.ts'

const evil = [
  'a\nflush ruleset',
  'a; flush ruleset',
  'a } ; add rule',
  'a" drop',
  'a # b',
  '$a',
  'a\u2028b',
  '',
  ' a',
  'a  b',
]

const of = (chains: readonly Chain[], sets: readonly NamedSet[] = []) => makeRuleset('t', [{ chains, sets }])
const set = (name: string, elements: ReadonlyMap<string, string>, type: NamedSet['type'] = 'set'): NamedSet => ({
  name,
  type,
  fields: ['saddr'],
  elements,
})

test('names, elements, verdicts and values that are no words are refused', () => {
  for (const word of evil) {
    const bad = [
      of([{ name: word, rules: [] }]),
      of([{ name: 'a', rules: [rule([], jump(word))] }]),
      of([{ name: 'a', rules: [rule([], goto(word))] }]),
      of([{ name: 'a', rules: [rule([is('saddr', word)], { type: 'drop' })] }]),
      of([{ name: 'a', rules: [rule([is('iif', word)], { type: 'drop' })] }]),
      of([{ name: 'a', rules: [rule([{ type: 'in', fields: ['saddr'], set: word }], { type: 'drop' })] }]),
      of([{ name: 'a', rules: [rule([], { type: 'lookup', fields: ['saddr'], map: word })] }]),
      of([{ name: 'a', rules: [rule([], { type: 'remember', fields: ['saddr'], set: word })] }]),
      of([{ name: 'a', rules: [rule([], { type: 'choose', chains: [word] })] }]),
      of([{ name: 'a', rules: [rule([], { type: 'translate', to: [{ ip: word, port: 1 }] })] }]),
      of([], [set(word, new Map())]),
      of([], [set('a', new Map([[word, '']]))]),
      of([], [set('a', new Map([['10.0.0.1', `goto ${word}`]]), 'map')]),
      makeRuleset(word, []),
    ]
    for (const [at, ruleset] of bad.entries()) {
      assert.throws(() => replaceText(ruleset), /is no word of a ruleset/, `${at} ${JSON.stringify(word)}`)
      assert.throws(() => changeText(makeRuleset(ruleset.table, []), ruleset), /is no word|^$/, `${at} change`)
    }
  }
})

test('what services and policies are called is none the poorer for it', () => {
  const names = ['svc-shop/web.v1/tcp/80', 'end-a/b/tcp/80/10.0.0.1/8080', 'pods-0123456789abcdef']
  const text = replaceText(of(names.map(name => ({ name, rules: [rule([is('iif', 'veth*')], { type: 'drop' })] }))))
  for (const name of names) assert.ok(text.includes(` ${name}\n`), name)
})
