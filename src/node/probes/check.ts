/** One look at a container: by HTTP, TCP, gRPC or a command. Used by probes and, for HTTP and commands, by hooks. */
import { request as httpRequest } from 'node:http'
import { connect as http2Connect, constants } from 'node:http2'
import { request as httpsRequest } from 'node:https'
import { connect } from 'node:net'
import { strictTls } from '#base/tls.ts'
import type { Container, HTTPGetAction, Probe } from '#kinds/facts/generated/types/core_v1.ts'
import { type Cri, isTimeout, rpcMessage } from '../cri/client.ts'

export interface Checked {
  readonly ok: boolean
  /** For the event, when it is not ok. */
  readonly output: string
}

export interface Target {
  readonly cri: Cri
  readonly container: Container
  readonly id: string
  readonly ip: string
}

const ok: Checked = { ok: true, output: '' }
const bad = (output: string): Checked => ({ ok: false, output: output.slice(0, 10_240) })

/** A number, or the name of one of the container's ports. @throws Error */
export function portOf(container: Container, port: string | number): number {
  const number = typeof port === 'number' ? port : /^\d+$/.test(port) ? Number(port) : undefined
  const found = number ?? container.ports?.find(one => one.name === port)?.containerPort
  if (found === undefined || found < 1 || found > 65_535) throw new Error(`couldn't find port: ${port}`)
  return found
}

/** Resolves with the status; the body is not read beyond what arrives with it. */
export function httpGet(target: Target, action: HTTPGetAction, timeoutMs: number): Promise<number> {
  const { path = '/', scheme = 'HTTP', host, httpHeaders = [] } = action
  const headers: Record<string, string> = { 'User-Agent': 'kube-probe/1.36', Accept: '*/*', Connection: 'close' }
  for (const { name, value } of httpHeaders) headers[name] = value
  const options = {
    host: host ?? target.ip,
    port: portOf(target.container, action.port),
    path: path.startsWith('/') ? path : `/${path}`,
    headers,
    agent: false,
    signal: AbortSignal.timeout(timeoutMs),
  }
  return new Promise((resolve, reject) => {
    // As upstream: a probe asks whether the container answers, not who it is.
    const request =
      scheme === 'HTTPS' ? httpsRequest({ ...options, ...strictTls, rejectUnauthorized: false }) : httpRequest(options)
    request.on('response', response => {
      resolve(response.statusCode ?? 0)
      response.destroy()
    })
    request.on('error', reject)
    request.end()
  })
}

async function http(target: Target, action: HTTPGetAction, timeoutMs: number): Promise<Checked> {
  const code = await httpGet(target, action, timeoutMs)
  return code >= 200 && code < 400 ? ok : bad(`HTTP probe failed with statuscode: ${code}`)
}

function tcp(host: string, port: number, timeoutMs: number): Promise<Checked> {
  return new Promise(resolve => {
    const socket = connect({ host, port, timeout: timeoutMs })
    const end = (result: Checked): void => {
      socket.destroy()
      resolve(result)
    }
    socket.on('connect', () => end(ok))
    socket.on('timeout', () => end(bad(`dial tcp ${host}:${port}: i/o timeout`)))
    socket.on('error', error => end(bad(`dial tcp ${host}:${port}: ${error.message}`)))
  })
}

/** grpc.health.v1.Health/Check, by hand: the request has one string field, the answer one enumeration. */
function grpc(target: Target, action: { port: number; service: string }, timeoutMs: number): Promise<Checked> {
  const name = Buffer.from(action.service)
  const message = name.length === 0 ? name : Buffer.concat([Buffer.from([0x0a, name.length]), name])
  const frame = Buffer.alloc(5)
  frame.writeUInt32BE(message.length, 1)
  return new Promise(resolve => {
    const session = http2Connect(`http://${target.ip.includes(':') ? `[${target.ip}]` : target.ip}:${action.port}`)
    const end = (result: Checked): void => {
      session.destroy()
      clearTimeout(timer)
      resolve(result)
    }
    const timer = setTimeout(() => end(bad(`timeout: health rpc did not complete within ${timeoutMs}ms`)), timeoutMs)
    session.on('error', error => end(bad(`failed to connect service: ${error.message}`)))
    const stream = session.request({
      [constants.HTTP2_HEADER_METHOD]: 'POST',
      [constants.HTTP2_HEADER_PATH]: '/grpc.health.v1.Health/Check',
      [constants.HTTP2_HEADER_CONTENT_TYPE]: 'application/grpc',
      te: 'trailers',
    })
    const parts: Buffer[] = []
    stream.on('error', error => end(bad(error.message)))
    stream.on('data', (chunk: Buffer) => parts.length < 64 && parts.push(chunk))
    stream.on('end', () => {
      const answer = Buffer.concat(parts)
      const serving = answer.length >= 7 && answer[5] === 0x08 && answer[6] === 1
      end(serving ? ok : bad('service unhealthy (responded with "NOT_SERVING")'))
    })
    stream.end(Buffer.concat([frame, message]))
  })
}

/** Runs a command in the container. @throws Error when the runtime cannot */
export async function command(target: Target, argv: readonly string[], timeoutMs: number): Promise<Checked> {
  const seconds = Math.max(1, Math.ceil(timeoutMs / 1000))
  const request = { containerId: target.id, cmd: [...argv], timeout: BigInt(seconds) }
  try {
    const answer = await target.cri.runtime.execSync(request, { timeoutMs: timeoutMs + 10_000 })
    if (answer.exitCode === 0) return ok
    return bad(Buffer.concat([answer.stdout, answer.stderr]).toString('utf8'))
  } catch (error) {
    if (isTimeout(error)) return bad(`command timed out: "${argv.join(' ')}" timed out after ${seconds}s`)
    throw error
  }
}

/** Never rejects: what goes wrong is a failed check. */
export async function check(target: Target, probe: Probe): Promise<Checked> {
  const timeoutMs = (probe.timeoutSeconds ?? 1) * 1000
  try {
    if (probe.exec !== undefined) return await command(target, probe.exec.command ?? [], timeoutMs)
    if (probe.httpGet !== undefined) return await http(target, probe.httpGet, timeoutMs)
    if (probe.tcpSocket !== undefined) {
      const { host = target.ip, port } = probe.tcpSocket
      return await tcp(host, portOf(target.container, port), timeoutMs)
    }
    if (probe.grpc !== undefined) {
      const { port, service = '' } = probe.grpc
      return await grpc(target, { port, service: service.slice(0, 127) }, timeoutMs)
    }
    return ok
  } catch (error) {
    return bad(probe.exec === undefined ? String(error) : rpcMessage(error))
  }
}
