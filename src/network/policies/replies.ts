/**
 * Rules for the answers of a connection: the same with sender and receiver exchanged. Who opened it must still be allowed
 * to, also where only the other side has anything left to say.
 */
import type { Action, Chain, Field, Match, Rule } from '../ruleset.ts'
import { answerName } from './names.ts'

const opposite: Readonly<Partial<Record<Field, Field>>> = { saddr: 'daddr', daddr: 'saddr', dport: 'sport' }
const turned = (field: Field): Field => opposite[field] ?? field

function turnedMatch(match: Match): Match {
  if (match.type === 'is') return { ...match, field: turned(match.field) }
  return match.type === 'in' ? { ...match, fields: match.fields.map(turned) } : match
}

const turnedAction = (action: Action): Action =>
  action.type === 'jump' || action.type === 'goto' ? { ...action, chain: answerName(action.chain) } : action

const turnedRule = ({ matches, actions }: Rule): Rule => ({
  matches: matches.map(turnedMatch),
  actions: actions.map(turnedAction),
})

export const answersTo = ({ name, rules }: Chain): Chain => ({ name: answerName(name), rules: rules.map(turnedRule) })
