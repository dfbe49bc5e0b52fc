/** Which policy refuses, and the least that would allow it: what is answered is applied, and then the contact is let through. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type Contact, contactNumber, contactOf, readContact } from '#kinds/facts/contact.ts'
import type { NetworkPolicy } from '#kinds/facts/generated/types/networking_v1.ts'
import { namespace, node, pod, policy } from '../samples.ts'
import { type KeptWorld, answerContact } from './answer.ts'

const web = pod('web', '10.244.1.5', { labels: { app: 'web', 'pod-template-hash': '7f' } })
const shop = pod('shop', '10.244.1.6', { labels: { app: 'shop' } })
const thief = pod('thief', '10.244.1.7', { labels: { app: 'web' }, namespace: 'other' })
const uid = web.metadata.uid ?? ''

const world = (...policies: readonly NetworkPolicy[]): KeptWorld => ({
  pod: web,
  pods: [web, shop, thief],
  nodes: [node('worker', '10.244.1.0/24', '192.0.2.1')],
  namespaces: [
    namespace('default'),
    { ...namespace('other'), metadata: { name: 'other', labels: { 'kubernetes.io/metadata.name': 'other' } } },
  ],
  policies,
})
const contact = (rest: Partial<Contact> = {}): Contact => ({
  ...contactOf(uid, { direction: 'in', peer: '10.244.1.6', proto: 'tcp', port: 8080 }),
  ...rest,
})

test('numbers are read back, and nothing else is', () => {
  const one = contactOf('b7ef5912-f761-4d0c-9a3e-000000000000', {
    direction: 'out',
    peer: '10.0.0.1',
    proto: 'udp',
    port: 53,
  })
  assert.equal(contactNumber(one), 'b7ef5912f761-out-10.0.0.1-udp-53')
  assert.deepEqual(readContact(contactNumber(one)), one)
  for (const bad of [
    'b7ef5912f761',
    'b7ef5912f761-out-10.0.0.1-udp-65536',
    'b7ef5912f761-out-10.0.0.256-udp-1',
    'b7ef5912f761-up-10.0.0.1-udp-1',
    `${contactNumber(one)}1`.repeat(2),
  ])
    assert.equal(readContact(bad), undefined, bad)
})

test('a policy without rules: a rule for this peer and this port', () => {
  const answer = answerContact(contact(), world(policy('closed', { podSelector: {}, policyTypes: ['Ingress'] })))
  assert.equal(answer.allowedNow, false)
  assert.equal(answer.message, 'tcp from default/shop (10.244.1.6) to default/web port 8080')
  assert.equal(answer.policy?.metadata.name, 'closed')
  assert.equal(
    answer.fix,
    'add to spec.ingress of NetworkPolicy default/closed: {"from":[{"podSelector":{"matchLabels":{"app":"shop"}}}],"ports":[{"protocol":"TCP","port":8080}]}',
  )
})

test('a rule that lacks only the port, or only the peer, is named', () => {
  const closed = policy('closed', { podSelector: {}, policyTypes: ['Ingress'] })
  const own = { podSelector: { matchLabels: { app: 'web' } }, policyTypes: ['Ingress' as const] }
  const peers = policy('peers', {
    ...own,
    ingress: [{ ports: [{ port: 1 }] }, { from: [{ podSelector: {} }], ports: [{ port: 81 }] }],
  })
  assert.match(
    answerContact(contact(), world(closed, peers)).fix ?? '',
    /^add to spec\.ingress\[0\]\.ports of NetworkPolicy default\/peers: \{"protocol":"TCP","port":8080\}$/,
  )
  const ports = policy('ports', {
    ...own,
    ingress: [{ from: [{ ipBlock: { cidr: '203.0.113.0/24' } }], ports: [{ port: 8080 }] }],
  })
  assert.match(
    answerContact(contact({ peer: '10.244.1.7' }), world(closed, ports)).fix ?? '',
    /^add to spec\.ingress\[0\]\.from of NetworkPolicy default\/ports: \{"namespaceSelector":\{"matchLabels":\{"kubernetes\.io\/metadata\.name":"other"\}\},"podSelector":\{"matchLabels":\{"app":"web"\}\}\}$/,
  )
  assert.match(
    answerContact(contact({ peer: '198.51.100.9' }), world(closed)).fix ?? '',
    /"ipBlock":\{"cidr":"198\.51\.100\.9\/32"\}/,
  )
})

test('what the answer says to add lets it through', () => {
  for (const peer of ['10.244.1.6', '10.244.1.7', '198.51.100.9']) {
    const closed = policy('closed', { podSelector: {}, policyTypes: ['Ingress'] })
    const { fix = '' } = answerContact(contact({ peer }), world(closed))
    const rule = JSON.parse(fix.slice(fix.indexOf('{'))) as object
    const opened = policy('closed', { ...closed.spec, ingress: [rule] })
    assert.equal(answerContact(contact({ peer }), world(opened)).allowedNow, true, peer)
    assert.equal(answerContact(contact({ peer, port: 8081 }), world(opened)).allowedNow, false, peer)
  }
})

test('the other side is judged as well', () => {
  const out = policy('out', { podSelector: {}, policyTypes: ['Egress'] })
  const into = policy('into', { podSelector: {}, policyTypes: ['Ingress'] }, 'other')
  const answer = answerContact(contact({ direction: 'out', peer: '10.244.1.7' }), world(out, into))
  assert.match(
    answer.fix ?? '',
    /spec\.egress of NetworkPolicy default\/out.*; then what other\/thief receives is refused as well: add to spec\.ingress of NetworkPolicy other\/into/,
  )
  // The hash of a Deployment's generation would not select the next one.
  assert.doesNotMatch(answer.fix ?? '', /pod-template-hash/)
})

test('nothing refuses it any more', () => {
  assert.equal(answerContact(contact(), world()).allowedNow, true)
  const { status: _, ...gone } = web
  assert.equal(answerContact(contact(), { ...world(), pod: gone }).allowedNow, true)
})

test('where clouds keep credentials, nobody is let without a policy of his own', () => {
  const asked = contact({ direction: 'out', peer: '169.254.169.254', port: 80 })
  const answer = answerContact(asked, world())
  assert.equal(answer.allowedNow, false)
  assert.equal(answer.policy, undefined)
  assert.match(answer.line ?? '', /only a policy of its own lets a pod there$/)
  const { fix = '' } = answer
  const rule = JSON.parse(fix.slice(fix.indexOf('{'), fix.indexOf(']; what'))) as object
  const own = policy('cloud', { podSelector: {}, policyTypes: ['Egress'], egress: [rule] })
  assert.equal(answerContact(asked, world(own)).allowedNow, true)
  assert.equal(answerContact({ ...asked, port: 81 }, world(own)).allowedNow, false)
})

test('the change is asked of the policy of the fewest pods', () => {
  const closed = policy('closed', { podSelector: {}, policyTypes: ['Ingress'] })
  const own = policy('own', { podSelector: { matchLabels: { app: 'web' } }, policyTypes: ['Ingress'] })
  for (const policies of [
    [closed, own],
    [own, closed],
  ])
    assert.equal(answerContact(contact(), world(...policies)).policy?.metadata.name, 'own')
})
