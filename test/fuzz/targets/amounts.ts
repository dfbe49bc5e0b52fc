import assert from 'node:assert/strict'
import { canonicalQuantity, compareQuantities, formatQuantity, parseQuantity, QuantityError } from '#base/quantity.ts'
import { StatusError } from '#api/status.ts'
import { DecodeError } from '#codec/errors.ts'
import { bytesText, durationText, microTimeText, quantityText, timeText } from '#codec/scalars.ts'
import { timeoutIn } from '#server/http/timeout.ts'
import { refusable, type Target } from '../target.ts'

const dots = ['0', '.', '-', '+', 'e', 'E', '9'.repeat(25), '1e-9', '0.000000001']

export const quantities: Target = {
  name: 'quantities',
  words: [...dots, 'n', 'u', 'm', 'k', 'M', 'G', 'T', 'P', 'Ki', 'Mi', 'Gi', 'Ti', 'Pi', 'Ei', 'e99', 'E-99'],
  rounds: 10_000,
  run: input => {
    const text = input.toString('latin1')
    refusable(() => quantityText(text), DecodeError)
    const quantity = refusable(() => parseQuantity(text), QuantityError)
    if (quantity === undefined) return
    const canonical = canonicalQuantity(text)
    assert.equal(canonical, formatQuantity(quantity), 'the quick way is the long one')
    assert.equal(compareQuantities(parseQuantity(canonical), quantity), 0, 'the same amount')
    assert.equal(canonicalQuantity(canonical), canonical, 'canonical')
  },
}

const forms = [timeText, microTimeText, durationText, bytesText] as const

export const times: Target = {
  name: 'times',
  words: [
    ...dots,
    'T',
    'Z',
    ':',
    '-',
    'h',
    'm',
    's',
    'ms',
    'us',
    'µs',
    'ns',
    '+14:00',
    '-00:00',
    '24:00:00',
    '60',
    '02-30',
    '0000',
    '9999',
    '==',
    ',',
  ],
  rounds: 8000,
  run: input => {
    const text = input.toString()
    for (const form of forms) {
      const canonical = refusable(() => form(text), DecodeError)
      if (canonical !== undefined) assert.equal(form(canonical), canonical, `${form.name} again`)
    }
    const timeout = refusable(() => timeoutIn(new URLSearchParams([['timeout', text]])), StatusError)?.timeout
    assert.ok(timeout === undefined || timeout > 0)
  },
}
