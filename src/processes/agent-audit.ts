/** Calls to an agent's own API as events of audit: about the pod or the node that they were about. */
import type { IncomingMessage } from 'node:http'
import { type Attributes, type Verb } from '#api/request.ts'
import { type Reason, StatusError } from '#api/status.ts'
import type { CallRecord, KeepRecord } from '#node/server/record.ts'
import type { Right, Route } from '#node/server/route.ts'
import type { Audit } from '#server/audit/audit.ts'
import { endedKey } from '#server/audit/record.ts'
import { callOf } from '#server/audit/call.ts'

const reasons: Readonly<Record<number, Reason>> = {
  400: 'BadRequest',
  401: 'Unauthorized',
  403: 'Forbidden',
  404: 'NotFound',
}

const subresources = {
  logs: 'log',
  exec: 'exec',
  attach: 'attach',
  portForward: 'portforward',
  connect: 'proxy',
} as const

interface Place {
  readonly nodeName: string
  readonly path: string
  readonly verb: Verb
}

function askedFor({ nodeName, path, verb }: Place, route: Route | undefined, right: Right | undefined): Attributes {
  const common = { verb: right?.verb ?? verb, path, group: '', version: 'v1', resourceRequest: true }
  if (route !== undefined && 'pod' in route) {
    const { namespace, pod: name } = route
    return { ...common, resource: 'pods', subresource: subresources[route.kind], namespace, name }
  }
  return { ...common, resource: 'nodes', subresource: right?.subresource ?? 'proxy', namespace: '', name: nodeName }
}

/** @param audit of the agent @param nodeName of its node */
export const agentRecords =
  (audit: Audit, nodeName: string): KeepRecord =>
  request =>
    recordOf(audit, nodeName, request)

function recordOf(audit: Audit, nodeName: string, request: IncomingMessage): CallRecord {
  const { headers, url, socket } = request
  const trail = audit.open(callOf({ headers, url, remote: socket.remoteAddress, certificate: () => true }))
  trail.note('audit.bulwark.dev/component', 'kubelet')
  const path = (url ?? '/').split('?')[0] ?? '/'
  const verb = request.method === 'GET' ? 'get' : 'create'
  return {
    known: (caller, asked) => {
      const known = { name: caller.name, groups: caller.groups, source: 'x509' }
      const about = askedFor({ nodeName, path, verb }, asked?.route, asked?.right)
      void trail.identify(known, about, ['exec', 'attach', 'portforward'].includes(about.subresource))
    },
    failed: (code, message) =>
      trail.failed(new StatusError({ reason: reasons[code] ?? 'InternalError', message, code })),
    started: () => trail.started(101),
    ended: reason => trail.note(endedKey, reason),
    end: code => trail.end(code),
  }
}
