/** A plane that signs, and how the tests ask it: requests with keys, judgements, and calls with what came of them. */
import assert from 'node:assert/strict'
import { X509Certificate } from 'node:crypto'
import { request } from 'node:https'
import type { OutgoingHttpHeaders } from 'node:http'
import type { Sample } from '#codec/csr-samples.ts'
import { type Pair, newPair, requestFor, signingRequest } from '#controllers/certificates/samples.ts'
import { type Api, type Json, openApi } from '../conformance/api.ts'
import { type MovedClock, makeMovedClock } from '../conformance/clock.ts'
import type { Reply } from '../api/wire.ts'

export const path = '/apis/certificates.k8s.io/v1/certificatesigningrequests'
export const client = 'kubernetes.io/kube-apiserver-client'
export const kubelet = 'kubernetes.io/kube-apiserver-client-kubelet'
export const serving = 'kubernetes.io/kubelet-serving'

export interface Asking {
  readonly sample: Sample
  readonly signerName?: string
  readonly usages?: readonly string[]
  readonly expirationSeconds?: number
  /** Who asks; an administrator unless given. */
  readonly as?: { readonly name: string; readonly groups?: readonly string[] }
}

export interface Shown {
  readonly pem: string
  readonly key: string
  readonly parsed: X509Certificate
}

export interface Signing {
  readonly api: Api
  readonly clock: MovedClock
  ask(name: string, asking: Asking): Promise<{ readonly reply: Reply; readonly pair: Pair }>
  approve(name: string, headers?: OutgoingHttpHeaders): Promise<Reply>
  /** The request once it is signed or has failed. */
  answered(name: string): Promise<Json>
  /** Asks, approves, and waits for the certificate. */
  certificate(name: string, asking: Asking): Promise<Shown>
  /** @returns the code of the answer to whoever shows it; 0 where there was no answer. */
  code(shown: Shown, path: string, headers?: OutgoingHttpHeaders): Promise<number>
  stop(): Promise<void>
}

export const shownOf = (csr: Json, pair: Pair): Shown => {
  const pem = Buffer.from(csr.status.certificate, 'base64').toString()
  const key = pair.privateKey.export({ type: 'pkcs8', format: 'pem' }).toString()
  return { pem, key, parsed: new X509Certificate(pem) }
}

export const headersOf = ({ as }: Pick<Asking, 'as'>): OutgoingHttpHeaders =>
  as === undefined ? {} : { 'impersonate-user': as.name, 'impersonate-group': [...(as.groups ?? [])] }

export async function openSigning(): Promise<Signing> {
  const clock = makeMovedClock()
  const api = await openApi({ clock, nodes: 0 })
  const { url, tls } = api.wire
  const ask: Signing['ask'] = async (name, { sample, as, ...spec }) => {
    const pair = newPair()
    const body = signingRequest(name, { ...spec, request: requestFor(sample, pair) } as object)
    const headers = headersOf(as === undefined ? {} : { as })
    return { reply: await api.call('POST', path, { body, headers }), pair }
  }
  const approve: Signing['approve'] = (name, headers = {}) =>
    api.call('PATCH', `${path}/${name}/approval`, {
      headers: { ...headers, 'content-type': 'application/strategic-merge-patch+json' },
      body: { status: { conditions: [{ type: 'Approved', status: 'True', reason: 'Test' }] } },
    })
  const answered: Signing['answered'] = name =>
    api.until(
      `${name} is answered`,
      () => api.get(`${path}/${name}`),
      ({ status }) =>
        status?.certificate !== undefined || status?.conditions?.some((one: Json) => one.type === 'Failed') === true,
    )
  return {
    api,
    clock,
    ask,
    approve,
    answered,
    certificate: async (name, asking) => {
      const { reply, pair } = await ask(name, asking)
      assert.equal(reply.status, 201, reply.text)
      const judged = await approve(name)
      assert.equal(judged.status, 200, judged.text)
      return shownOf(await answered(name), pair)
    },
    code: ({ pem, key }, at, headers = {}) => {
      const { promise, resolve } = Promise.withResolvers<number>()
      const place = { host: url.hostname, port: url.port, ca: tls.ca, cert: pem, key, agent: false }
      const asking = request({ ...place, path: at, headers }, answer => {
        answer.resume()
        resolve(answer.statusCode ?? 0)
      })
      asking.on('error', () => resolve(0))
      asking.end()
      return promise
    },
    stop: () => api.stop(),
  }
}
