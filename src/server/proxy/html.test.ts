import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Relinking } from './html.ts'
import { relinked } from './links.ts'

const prefix = '/api/v1/namespaces/a/pods/p/proxy'
const linked = { prefix, hosts: new Set(['10.0.0.1:80', 'api:6443']), own: 'api:6443' }
const change = (link: string): string => relinked(link, linked)

/** Also byte by byte: it must not matter where a page is cut. */
function page(text: string): string {
  const whole = new Relinking(change)
  const once = whole.take(text) + whole.rest()
  const slow = new Relinking(change)
  const pieces =
    text
      .split('')
      .map(letter => slow.take(letter))
      .join('') + slow.rest()
  assert.equal(pieces, once)
  return once
}

test('links to the same host are led through the proxy, others are left alone', () => {
  assert.equal(change('/x/y?z=1#f'), `${prefix}/x/y?z=1#f`)
  assert.equal(change('/'), `${prefix}/`)
  assert.equal(change('http://10.0.0.1:80/x'), `${prefix}/x`)
  assert.equal(change('//10.0.0.1:80/x'), `${prefix}/x`)
  assert.equal(change('https://api:6443/x'), `https://api:6443${prefix}/x`)
  assert.equal(change(`${prefix}/x`), `${prefix}/x`)
  for (const left of [
    'x',
    './x',
    '../x',
    '',
    '#a',
    '?a=b',
    'mailto:a@b',
    'https://elsewhere/x',
    '//elsewhere/x',
    'http://u@10.0.0.1:80/x',
  ])
    assert.equal(change(left), left)
})

test('attributes that hold links are changed, in every way to write them', () => {
  assert.equal(page('<a href="/x">t</a>'), `<a href="${prefix}/x">t</a>`)
  assert.equal(page("<A HREF = '/x' class=b>"), `<A HREF = '${prefix}/x' class=b>`)
  assert.equal(page('<a href=/x>'), `<a href=${prefix}/x>`)
  assert.equal(
    page('<img alt="a > b" src="/i" longdesc="/d"/>'),
    `<img alt="a > b" src="${prefix}/i" longdesc="${prefix}/d"/>`,
  )
  assert.equal(
    page('<form action="/go"><input formaction=/f></form>'),
    `<form action="${prefix}/go"><input formaction=${prefix}/f></form>`,
  )
})

test('what only looks like a link is not touched', () => {
  for (const text of [
    'a < b <<<a>',
    '<!-- <a href="/x"> -->',
    '<script>document.write(\'<a href="/x">\')</script>',
    '<style><a href="/x"></style>',
    '<title><a href="/x"></title>',
    '<a title="href=/x">',
    '<a data-href="/x">',
    '<p href="/x">',
    '<!doctype html><?xml a="/x"?></a href="/x">',
    '<a href="/unfinished',
    '<',
    '<a',
    '<a =/x>',
    `<a x="${'y'.repeat(100_000)}" href="/x">`,
  ])
    assert.equal(page(text), text, text.slice(0, 60))
  assert.equal(page('<script>"</scrip"</SCRIPT><a href="/x">'), `<script>"</scrip"</SCRIPT><a href="${prefix}/x">`)
  assert.equal(page('<a title=it\'s href="/x">'), `<a title=it's href="${prefix}/x">`)
})

test('a page takes time by its length alone, and none is held beyond a tag', () => {
  const started = performance.now()
  for (const part of ['<', '<a ', '<a x', '=', '<!--', '"', '<a b=" ', '</script', '<script>']) {
    const pages = new Relinking(change)
    let out = 0
    const text = part.repeat(Math.ceil((1 << 20) / part.length))
    for (let at = 0; at < text.length; at += 1000) out += pages.take(text.slice(at, at + 1000)).length
    assert.ok(text.length - out < 70_000, part)
  }
  assert.ok(performance.now() - started < 5000)
})
