/** From a pod's subresource to a path of its node's API. */
import type { Pod } from '#kinds/facts/generated/types/core_v1.ts'
import { badRequest } from '#api/status.ts'
import { containerOf } from './container.ts'

const truthy = (value: string | null): boolean => value !== null && value !== '' && value !== 'false' && value !== '0'

const place = (verb: string, pod: Pod, container?: string): string =>
  ['', verb, pod.metadata.namespace ?? '', pod.metadata.name ?? '', ...(container === undefined ? [] : [container])]
    .map(encodeURIComponent)
    .join('/')

const withQuery = (path: string, query: URLSearchParams): string => {
  const text = query.toString()
  return text === '' ? path : `${path}?${text}`
}

const passed = ['follow', 'previous', 'sinceSeconds', 'sinceTime', 'timestamps', 'tailLines', 'limitBytes', 'stream']

export function logPath(pod: Pod, query: URLSearchParams): string {
  const wanted = new URLSearchParams()
  for (const name of passed) {
    const value = query.get(name)
    if (value !== null && value !== '') wanted.set(name, value)
  }
  return withQuery(place('containerLogs', pod, containerOf(pod, query.get('container'))), wanted)
}

const streams = [
  ['stdin', 'input'],
  ['stdout', 'output'],
  ['stderr', 'error'],
  ['tty', 'tty'],
] as const

/** Longest command with its arguments, in characters. */
const longestCommand = 128 * 1024

/** Exec and attach name their streams differently at a node. @throws StatusError BadRequest */
export function streamPath(kind: 'exec' | 'attach' | 'portforward', pod: Pod, query: URLSearchParams): string {
  const wanted = new URLSearchParams()
  if (kind === 'portforward') {
    const ports = query.getAll('ports').flatMap(value => value.split(','))
    if (ports.some(port => !/^\d{1,5}$/.test(port) || Number(port) < 1 || Number(port) > 65_535))
      throw badRequest('invalid port')
    for (const port of ports) wanted.append('port', port)
    return withQuery(place('portForward', pod), wanted)
  }
  const command = query.getAll('command')
  if (kind === 'exec' && command.length === 0)
    throw badRequest('you must specify at least one command for the container')
  if (command.join(' ').length > longestCommand) throw badRequest('the command is too long')
  for (const part of kind === 'exec' ? command : []) wanted.append('command', part)
  for (const [ours, theirs] of streams) if (truthy(query.get(ours))) wanted.set(theirs, '1')
  if (!['input', 'output', 'error'].some(name => wanted.has(name)))
    throw badRequest('you must specify at least 1 of stdin, stdout, stderr')
  return withQuery(place(kind, pod, containerOf(pod, query.get('container'))), wanted)
}
