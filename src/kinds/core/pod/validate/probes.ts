/** Probes, and what is run when a container starts and before it stops. */
import { httpHeaderName, portName, portNumber } from '#api/names.ts'
import type {
  Container,
  HTTPGetAction,
  Lifecycle,
  LifecycleHandler,
  Probe,
} from '#kinds/facts/generated/types/core_v1.ts'
import type { Place } from '../../../place.ts'
import type { PodContext } from './context.ts'

const schemes = ['HTTP', 'HTTPS']

export function checkPort(place: Place, port: number | string | undefined): void {
  if (typeof port === 'string') place.format(port, portName)
  else for (const problem of portNumber(port ?? 0)) place.invalid(port ?? 0, problem)
}

function checkHttpGet(place: Place, action: HTTPGetAction): void {
  if (!action.path) place.at('path').required()
  checkPort(place.at('port'), action.port)
  if (!schemes.includes(action.scheme ?? '')) place.at('scheme').unsupported(action.scheme, schemes)
  for (const { name } of action.httpHeaders ?? []) place.at('httpHeaders').format(name, httpHeaderName)
}

type Handler = LifecycleHandler & Pick<Probe, 'grpc'>

function checkSleep(place: Place, seconds: number, grace: number | undefined): void {
  if (grace !== undefined && (seconds < 0 || seconds > grace))
    place.invalid(seconds, `must be non-negative and less than terminationGracePeriodSeconds (${grace})`)
}

const kinds = ['exec', 'httpGet', 'tcpSocket', 'grpc', 'sleep'] as const

function checkHandler(place: Place, handler: Handler, grace: number | undefined): void {
  const given = kinds.filter(kind => handler[kind] !== undefined)
  const [first, ...more] = given
  for (const kind of more) place.at(kind).forbidden('may not specify more than 1 handler type')
  const { exec, httpGet, tcpSocket, grpc, sleep } = handler
  if (first === undefined) place.required('must specify a handler type')
  else if (first === 'exec') {
    if ((exec?.command?.length ?? 0) === 0) place.at('exec.command').required()
  } else if (httpGet !== undefined && first === 'httpGet') checkHttpGet(place.at('httpGet'), httpGet)
  else if (first === 'tcpSocket') checkPort(place.at('tcpSocket.port'), tcpSocket?.port)
  else if (first === 'grpc') checkPort(place.at('grpc.port'), grpc?.port)
  else checkSleep(place.at('sleep'), sleep?.seconds ?? 0, grace)
}

const counts = [
  'initialDelaySeconds',
  'timeoutSeconds',
  'periodSeconds',
  'successThreshold',
  'failureThreshold',
] as const

function checkProbe(place: Place, probe: Probe): void {
  checkHandler(place, probe, undefined)
  for (const name of counts) place.at(name).nonNegative(probe[name])
  const { terminationGracePeriodSeconds: grace } = probe
  if (grace !== undefined && grace <= 0)
    place.at('terminationGracePeriodSeconds').invalid(grace, 'must be greater than 0')
}

export function checkProbes(place: Place, container: Container): void {
  const { livenessProbe, readinessProbe, startupProbe } = container
  if (livenessProbe) checkOnce(place.at('livenessProbe'), livenessProbe)
  if (readinessProbe) {
    const at = place.at('readinessProbe')
    checkProbe(at, readinessProbe)
    const { terminationGracePeriodSeconds: grace } = readinessProbe
    if (grace !== undefined)
      at.at('terminationGracePeriodSeconds').invalid(grace, 'must not be set for readinessProbes')
  }
  if (startupProbe) checkOnce(place.at('startupProbe'), startupProbe)
}

function checkOnce(place: Place, probe: Probe): void {
  checkProbe(place, probe)
  const { successThreshold = 0 } = probe
  if (successThreshold !== 1) place.at('successThreshold').invalid(successThreshold, 'must be 1')
}

const onWindows = ['SIGKILL', 'SIGTERM']
const signals: ReadonlySet<string> = new Set(
  (
    'ABRT ALRM BUS CHLD CLD CONT FPE HUP ILL INT IO IOT KILL PIPE POLL PROF PWR QUIT SEGV STKFLT STOP SYS TERM TRAP ' +
    'TSTP TTIN TTOU URG USR1 USR2 VTALRM WINCH XCPU XFSZ RTMIN RTMAX'
  )
    .split(' ')
    .concat(Array.from({ length: 15 }, (_, at) => `RTMIN+${at + 1}`))
    .concat(Array.from({ length: 14 }, (_, at) => `RTMAX-${at + 1}`))
    .map(name => `SIG${name}`),
)

function checkStopSignal(place: Place, signal: string, os: string | undefined): void {
  if (os === undefined) place.forbidden('may not be set for containers with empty `spec.os.name`')
  else if (os === 'windows' && !onWindows.includes(signal)) place.unsupported(signal, onWindows)
  else if (os === 'linux' && !signals.has(signal)) place.unsupported(signal, [...signals].sort())
}

export function checkLifecycle(place: Place, lifecycle: Lifecycle, { spec }: PodContext): void {
  const { postStart, preStop, stopSignal } = lifecycle
  const grace = spec.terminationGracePeriodSeconds
  if (postStart) checkHandler(place.at('postStart'), postStart, grace)
  if (preStop) checkHandler(place.at('preStop'), preStop, grace)
  if (stopSignal !== undefined) checkStopSignal(place.at('stopSignal'), stopSignal, spec.os?.name)
}
