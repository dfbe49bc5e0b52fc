/** The DNS process. Its only argument is a DnsConfig as JSON. */
import { systemClock } from '#base/clock.ts'
import { makeLog } from '#base/log.ts'
import { type DnsConfig, runDns } from './run.ts'

function parse(text: string): DnsConfig {
  const value: unknown = JSON.parse(text)
  const fields = new Map<string, unknown>(Object.entries(value ?? {}))
  const word = (name: string): string => {
    const field = fields.get(name)
    if (typeof field !== 'string') throw new Error(`${name} is missing`)
    return field
  }
  return {
    address: word('address'),
    port: Number(fields.get('port')),
    snapshot: word('snapshot'),
    resolvConf: word('resolvConf'),
  }
}

const log = makeLog(line => void process.stderr.write(line), 'info')
const config = parse(process.argv[2] ?? '')
// Nothing that somebody asks may end the process.
process.on('uncaughtException', error => log.error('unexpected', { error: String(error) }))
const dns = runDns(config, systemClock, log)
// Keeps the process alive until it listens.
const alive = setInterval(() => undefined, 60_000)
for (const signal of ['SIGTERM', 'SIGINT'] as const)
  process.on(signal, () => {
    clearInterval(alive)
    void dns.stop()
  })
log.info('listening', { address: config.address, port: await dns.listening })
