/** Kubernetes' own libraries, and the language's extensions as it has them. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { compile } from './compile.ts'
import { Environment } from './environment.ts'
import { mutationLibraries } from './libraries.ts'
import { Authorizer, authorizerType, ResourceCheck, resourceCheckType } from './library/authorizer.ts'
import type { Question } from './library/authorizer.ts'
import { dynType } from './types.ts'
import type { CelType } from './types.ts'
import { isError } from './values.ts'
import type { Result } from './values.ts'

const environment = new Environment({
  libraries: mutationLibraries,
  variables: new Map<string, CelType>([
    ['authorizer', authorizerType],
    ['authorizer.requestResource', resourceCheckType],
    ['d', dynType],
  ]),
})

const run = (source: string, variables: ReadonlyMap<string, Result> = new Map()): Result => {
  const compiled = compile(source, environment)
  assert.ok(compiled.ok, compiled.ok ? '' : compiled.text)
  return compiled.program.evaluate(variables).value
}

const holds = (...sources: readonly string[]): void => {
  for (const source of sources) {
    const value = run(source)
    assert.equal(value, true, `${source}: ${isError(value) ? value.message : ''}`)
  }
}

const fails = (source: string, message: RegExp): void => {
  const value = run(source)
  assert.ok(isError(value), source)
  assert.match(value.message, message)
}

const refused = (source: string): string => {
  const compiled = compile(source, environment)
  assert.ok(!compiled.ok, source)
  return compiled.text
}

test('lists', () => {
  holds(
    '[1, 2, 2].isSorted() && ![2u, 1u].isSorted() && ["a", "b"].isSorted() && [false, true].isSorted()',
    '[1, 2, 3].sum() == 6 && [0.5, 1.5].sum() == 2.0 && [1u].sum() == 1u && [duration("1m"), duration("30s")].sum() == duration("90s")',
    'dyn([1.5, 1.5]).sum() == 3.0',
    '["b", "c", "a"].max() == "c" && [3, 1, 2].min() == 1 && [b"a", b"b"].max() == b"b"',
    '[1, 2, 2, 3].indexOf(2) == 1 && [1, 2, 2, 3].lastIndexOf(2) == 2 && ["a"].indexOf("b") == -1',
    '[[1, 2], [3]].flatten() == [1, 2, 3] && [[[1]], [[2]]].flatten(2) == dyn([1, 2])',
    '[3, 1, 2].sort() == [1, 2, 3] && [{"n": 2}, {"n": 1}].sortBy(o, o.n)[0].n == 1',
    '[1, 2, 1].distinct() == [1, 2] && lists.range(3) == [0, 1, 2] && [1, 2, 3].reverse() == [3, 2, 1]',
    '[1, 2, 3, 4].slice(1, 3) == [2, 3] && [1, 2].first() == optional.of(1) && [].last() == optional.none()',
    'sets.contains([1, 2], [2]) && sets.equivalent([1, 2], [2, 1, 1]) && !sets.intersects([1], [2])',
  )
  fails('[1][1] == 1', /index out of bounds: 1/)
  fails('[].max() == 1', /max called on empty list/)
  fails('[9223372036854775807, 1].sum() == 0', /integer overflow/)
  fails('[1, 2].slice(1, 3) == []', /cannot slice\(1, 3\), list is length 2/)
  assert.match(refused('[{"a": 1}].sort()'), /found no matching overload for 'sort'/)
})

test('regular expressions are RE2: what they lack is refused, what they have is linear', () => {
  holds(
    '"abc 123".find("[0-9]+") == "123" && "abc".find("x") == ""',
    '"123 abc 456".findAll("[0-9]+") == ["123", "456"] && "123 abc 456".findAll("[0-9]+", 1) == ["123"]',
    '"baaau".findAll("a*") == ["", "aaa", "", ""] || "baaau".findAll("a*") == ["", "aaa", ""]',
    '!("a".matches("^(a+)+$b")) && "k8s.io".matches("^[a-z0-9]+\\\\.io$")',
  )
  assert.match(refused('"a".matches("(?=a)")'), /invalid matches argument/)
  assert.match(refused('"a".find("(")'), /error parsing regexp/)
  const subject = 'a'.repeat(50_000)
  assert.equal(run('d.matches("^(a|aa)+$") && d.matches("(a*)*b") == false', new Map([['d', subject]])), true)
})

test('URLs', () => {
  holds(
    'url("https://user@example.com:8080/a/b?x=1&x=2&y=a%20b").getHost() == "example.com:8080"',
    'url("https://example.com:8080/").getHostname() == "example.com" && url("https://example.com:80/").getPort() == "80"',
    'url("https://[::1]:80/").getHostname() == "::1" && url("https://[::1]:80/").getHost() == "[::1]:80"',
    'url("https://x/a b").getEscapedPath() == "/a%20b" && url("https://x/a%2Fb#frag").getEscapedPath() == "/a%2Fb"',
    'url("https://x/?k=a&k=b&z").getQuery() == {"k": ["a", "b"], "z": [""]}',
    'url("/path/only").getScheme() == "" && url("HTTP://x").getScheme() == "http"',
    'isURL("https://a:80/") && !isURL("../relative") && !isURL("https://a:port/") && !isURL("") && !isURL("::x")',
    'url("https://a/") == url("https://a/") && url("https://a/") != url("https://b/")',
  )
  fails('url("not a url") == url("x")', /^URL parse error during conversion from string: parse "not a url": /)
})

test('addresses and ranges', () => {
  holds(
    'ip("127.0.0.1").isLoopback() && ip("::1").isLoopback() && ip("2001:db8::68").family() == 6 && ip("1.2.3.4").family() == 4',
    'ip("0.0.0.0").isUnspecified() && ip("224.0.0.1").isLinkLocalMulticast() && !ip("224.0.1.1").isLinkLocalMulticast()',
    'ip("fe80::1").isLinkLocalUnicast() && ip("192.168.0.1").isGlobalUnicast() && !ip("255.255.255.255").isGlobalUnicast()',
    'ip.isCanonical("2001:db8::68") && !ip.isCanonical("2001:DB8::68") && !ip.isCanonical("2001:db8:0::68")',
    'isIP("1:2:3:4:5:6:1.2.3.4") && !isIP("010.0.0.1") && !isIP("1.2.3") && !isIP("fe80::1%eth0") && !isIP("::ffff:1.2.3.4")',
    '!isIP("1::2::3") && !isIP(":1:2:3:4:5:6:7") && !isIP("1.2.3.4::") && isIP("::") && !isIP("12345::")',
    'string(ip("2001:0db8:0:0:1:0:0:1")) == "2001:db8::1:0:0:1" && type(ip("::1")) == net.IP',
    'cidr("192.168.0.0/24").containsIP("192.168.0.9") && !cidr("192.168.0.0/24").containsIP(ip("192.168.1.1"))',
    'cidr("192.168.0.0/24").containsCIDR("192.168.0.0/25") && !cidr("192.168.0.0/24").containsCIDR(cidr("192.168.0.0/23"))',
    'cidr("192.168.0.1/24").masked() == cidr("192.168.0.0/24") && cidr("192.168.0.1/24").ip() == ip("192.168.0.1")',
    'cidr("2001:db8::/32").prefixLength() == 32 && string(cidr("2001:db8::/32")) == "2001:db8::/32"',
    'isCIDR("10.0.0.0/8") && !isCIDR("10.0.0.0/33") && !isCIDR("10.0.0.0/08") && !isCIDR("10.0.0.0")',
    '!cidr("10.0.0.0/8").containsIP("2001:db8::1") && cidr("::/0").containsIP("2001:db8::1")',
  )
  fails(
    'ip("192.168.0.1.0") == ip("::")',
    /^IP Address "192.168.0.1.0" parse error during conversion from string: ParseAddr/,
  )
  fails('ip("::ffff:1.2.3.4") == ip("::")', /^IPv4-mapped IPv6 address "::ffff:1.2.3.4" is not allowed$/)
  fails('ip("fe80::1%eth0") == ip("::")', /^IP address "fe80::1%eth0" with zone value is not allowed$/)
  fails('cidr("10.0.0.0/") == cidr("::/0")', /^network address parse error/)
  assert.match(
    refused('isIP(cidr("192.168.0.0/24"))'),
    /found no matching overload for 'isIP' applied to '\(net.CIDR\)'/,
  )
})

test('quantities', () => {
  holds(
    'quantity("200M") == quantity("0.2G") && quantity("50Mi").isGreaterThan(quantity("50M"))',
    'quantity("50k").add(20).sub(quantity("100k")).sub(-50000).asInteger() == 20',
    'quantity("50M").compareTo(quantity("50Mi")) == -1 && quantity("-1").sign() == -1',
    'isQuantity("1.5Gi") && !isQuantity("10Mo") && !isQuantity("")',
    'quantity("50.703k").asApproximateFloat() == 50703.0 && !quantity("9999999999999999999999999999999999999G").isInteger()',
  )
  fails('quantity("10Mo") == quantity("1")', /unable to parse quantity's suffix/)
  fails('quantity("0.5").asInteger() == 1', /cannot convert value to integer/)
})

test('versions', () => {
  holds(
    'semver("1.2.3-rc.1").isLessThan(semver("1.2.3")) && semver("1.2.3-rc.2").isLessThan(semver("1.2.3-rc.10"))',
    'semver("1.2.3-1").isLessThan(semver("1.2.3-a")) && semver("1.2.3-a.b").isGreaterThan(semver("1.2.3-a"))',
    'semver("1.0.0+build").compareTo(semver("1.0.0")) == 0 && semver("1.2.3").minor() == 2',
    '!isSemver("01.01.01") && !isSemver("v1.0.0") && !isSemver("1.0") && isSemver("1.2.3-beta.1+build.1")',
    'isSemver("v1", true) && semver("v01.01", true) == semver("1.1.0") && !isSemver("1.0.0 ", true) && !isSemver("", true)',
  )
  fails('semver("v1.0") == semver("1.0.0")', /No Major.Minor.Patch elements found/)
})

test('formats', () => {
  holds(
    'format.named("unknown") == optional.none() && format.named("uuid").value() == format.uuid()',
    'format.dns1123Label().validate("my-name") == optional.none() && format.dns1123LabelPrefix().validate("a-") == optional.none()',
    'format.byte().validate("aGVsbG8").value() == ["invalid base64"] && format.byte().validate("aGVsbG8=") == optional.none()',
    'format.date().validate("2020-01-32").value() == ["invalid date"] && format.datetime().validate("2020-01-01T00:00:00Z") == optional.none()',
    'format.uri().validate("/x") == optional.none() && format.uri().validate("x y").hasValue() && format.uuid().validate("1").hasValue()',
    'format.labelValue().validate("a b").hasValue() && format.qualifiedName().validate("a.b/c") == optional.none()',
    'format.dns1035Label() != format.dns1123Label()',
  )
  const value = run('format.dns1123Label().validate("A b").value()[0]')
  assert.ok(typeof value === 'string' && value.startsWith('a lowercase RFC 1123 label must consist of'))
})

test('text is formatted as Kubernetes does it', () => {
  holds(
    `'%d %s %f %s'.format([1, 'abc', 1234567.5, duration('1m')]) == '1 abc 1,234,567.500000 60s'`,
    `'%e %.2e'.format([3.14, 0.00123]) == '3.140000×10⁰⁰ 1.23×10⁻⁰³'`,
    `'%s'.format([["a", 1.5, null, timestamp("2023-02-03T23:31:20Z")]]) == '["a", 1.500000, null, timestamp("2023-02-03T23:31:20Z")]'`,
    `'%s'.format([{"k": b"x", 1: true}]) == '{"k":b"x", 1:true}' || '%s'.format([dyn({"b": 2, "a": 1})]) == '{"a":1, "b":2}'`,
    `'%x %X %o %b %.1f'.format([255, 'hi', 8, true, 2.25]) == 'ff 6869 10 1 2.2'`,
    `strings.quote('a"\\n') == '"a\\\\"\\\\n"' && ['a', 'b'].join('-') == 'a-b' && ' x '.trim() == 'x'`,
    `'👑x'.substring(1) == 'x' && '👑x'.indexOf('x') == 1 && '👑'.size() == 1 && 'a,b,c'.split(',', 2) == ['a', 'b,c']`,
  )
  assert.match(
    refused(`'%s'.format([1, 2])`),
    /1:12: too many arguments supplied to string.format \(expected 1, got 2\)/,
  )
  assert.match(refused(`'%s %s'.format([1])`), /1:15: index 1 out of range/)
  fails(`'%d'.format(['a']) == ''`, /decimal clause can only be used on integers, was given string/)
})

test('times keep the zone that they were written in', () => {
  holds(
    'string(timestamp("2011-08-18T19:03:37.01+01:00")) == "2011-08-18T19:03:37.01+01:00"',
    'timestamp("2011-08-18T19:03:37.01+01:00").getHours() == 18 && timestamp("2011-08-18T19:03:37+01:00").getHours("01:00") == 19',
    'timestamp("2011-08-18T19:03:37Z").getHours("Europe/Berlin") == 21 && timestamp("2024-02-29T00:00:00Z").getDayOfYear() == 59',
    'timestamp("2020-01-01T00:00:00.000000001Z") - timestamp("2020-01-01T00:00:00Z") == duration("1ns")',
    'duration("1h2m3s4ms").getMilliseconds() == 3723004',
  )
  fails('timestamp("9999-12-31T23:59:59Z") + duration("1s") == timestamp(0)', /timestamp overflow/)
  fails('timestamp("2020-01-01T00:00:00Z").getHours("No/Where") == 1', /unknown time zone/)
  assert.match(refused('duration("1 day")'), /1:10: invalid duration argument/)
  assert.match(refused('timestamp(-62135596801)'), /1:11: invalid timestamp argument/)
})

test('keys of JSON patches', () => {
  holds('jsonpatch.escapeKey("a/b~c") == "a~1b~0c"')
})

test('the authorizer is asked what the expression says', () => {
  const asked: Question[] = []
  const decide = (question: Question): { allowed: boolean; reason: string; error?: string } => {
    asked.push(question)
    if (question.verb === 'fail') return { allowed: false, reason: '', error: 'broken' }
    return { allowed: question.verb === 'get', reason: 'because' }
  }
  const authorizer = new Authorizer(decide)
  const variables = new Map<string, Result>([
    ['authorizer', authorizer],
    [
      'authorizer.requestResource',
      new ResourceCheck(authorizer, { group: '', resource: 'pods', namespace: 'n', name: 'p' }),
    ],
  ])
  const ask = (source: string): Result => run(source, variables)
  assert.equal(
    ask(
      "authorizer.group('apps').resource('deployments').subresource('scale').namespace('n').name('x').check('get').allowed()",
    ),
    true,
  )
  assert.equal(ask("authorizer.serviceAccount('ns', 'sa').path('/healthz').check('post').reason()"), 'because')
  assert.equal(ask("authorizer.requestResource.labelSelector('a=b').check('fail').error()"), 'broken')
  assert.deepEqual(asked, [
    {
      verb: 'get',
      resource: { group: 'apps', resource: 'deployments', subresource: 'scale', namespace: 'n', name: 'x' },
    },
    { verb: 'post', path: '/healthz', serviceAccount: { namespace: 'ns', name: 'sa' } },
    { verb: 'fail', resource: { group: '', resource: 'pods', namespace: 'n', name: 'p', labelSelector: 'a=b' } },
  ])
  for (const [source, message] of [
    ["authorizer.serviceAccount('ns', 'S A').path('/').check('get').allowed()", 'Invalid service account name'],
    ["authorizer.serviceAccount('N', 'sa').path('/').check('get').allowed()", 'Invalid service account namespace'],
    ["authorizer.path(' ').check('get').allowed()", 'path must not be empty'],
    ["authorizer.group('').resource('').check('get').allowed()", 'resource must not be empty'],
  ] as const) {
    const value = ask(source)
    assert.ok(isError(value))
    assert.equal(value.message, message)
  }
})
