/** The cluster's own names, by the Kubernetes DNS specification 1.1.0. */
import { addressNumber } from '../ip.ts'
import type { Snapshot, SnapshotHost, SnapshotPort, SnapshotService } from './snapshot.ts'
import { type Name, type Reply, type Resource, codes, lowerName, nameBytes, types } from './wire.ts'

/** Seconds. Short: services change at any time. */
const ttl = 5

/** A reply, or the name outside the cluster that an ExternalName stands for. */
export type Found = Reply & { readonly alias?: Name }

export interface Zone {
  readonly domain: Name
  readonly clients: readonly string[]
  /** @returns undefined for names that are not the cluster's */
  resolve(name: Name, type: number): Found | undefined
}

const addressBytes = (ip: string): Buffer => Buffer.from(ip.split('.').map(Number))
const a = (name: Name, ip: string): Resource => ({ name, type: types.A, ttl, data: addressBytes(ip) })
const hostLabel = ({ hostname, ip }: SnapshotHost): string =>
  hostname === '' ? ip.replaceAll('.', '-') : hostname.toLowerCase()

function srv(name: Name, port: number, target: Name): Resource {
  const fixed = Buffer.alloc(6)
  fixed.writeUInt16BE(100, 2)
  fixed.writeUInt16BE(port, 4)
  return { name, type: types.SRV, ttl, data: Buffer.concat([fixed, nameBytes(target)]) }
}

class Cluster implements Zone {
  readonly domain: Name
  readonly clients: readonly string[]
  readonly #namespaces: ReadonlySet<string>
  readonly #services: ReadonlyMap<string, SnapshotService>
  /** Names by address. */
  readonly #reverse = new Map<string, Name[]>()
  readonly #serial: number

  constructor({ domain, clients, namespaces, services }: Snapshot, serial: number) {
    this.domain = lowerName(domain)
    this.clients = clients
    this.#serial = serial
    this.#namespaces = new Set(namespaces)
    this.#services = new Map(services.map(one => [`${one.namespace}/${one.name}`, one]))
    for (const service of services) this.#addReverse(service)
  }

  resolve(name: Name, type: number): Found | undefined {
    const size = this.domain.length
    const inside = name.length >= size && this.domain.every((label, at) => name[name.length - size + at] === label)
    if (!inside) return this.#pointer(name, type)
    const found = this.#find(name, type)
    if (found?.alias !== undefined) return this.#follow(found, type)
    const answers = found?.answers ?? []
    const authority = answers.length === 0 ? [this.#soa()] : []
    return { authority, ...found, code: found === undefined ? codes.absent : codes.ok, authoritative: true }
  }

  /** An ExternalName that stands for a name of this cluster. */
  #follow(found: Found, type: number): Found {
    const alias = found.alias ?? []
    if (type !== types.A && type !== types.AAAA)
      return { code: codes.ok, authoritative: true, answers: found.answers ?? [] }
    const size = this.domain.length
    const inside = alias.length > size && alias.slice(-size).join('.') === this.domain.join('.')
    if (!inside) return { ...found, authoritative: true }
    const target = this.#find(alias, type)
    // One step only: aliases of aliases could go in circles.
    const answers = target?.alias === undefined ? (target?.answers ?? []) : []
    return { code: codes.ok, authoritative: true, answers: [...(found.answers ?? []), ...answers] }
  }

  /** @returns undefined where the name does not exist; without answers where it has none of the type */
  #find(name: Name, type: number): Found | undefined {
    const own = name.slice(0, name.length - this.domain.length)
    if (own.length === 0) return { code: codes.ok, answers: this.#apex(type) }
    const branch = own.at(-1)
    if (branch === 'dns-version' && own.length === 1) return { code: codes.ok, answers: this.#version(name, type) }
    const namespace = own.at(-2)
    if (branch !== 'svc' && branch !== 'pod') return undefined
    if (namespace === undefined) return { code: codes.ok }
    if (!this.#namespaces.has(namespace)) return undefined
    if (own.length === 2) return { code: codes.ok }
    if (branch === 'pod') return own.length === 3 ? this.#pod(name, type) : undefined
    const service = this.#services.get(`${namespace}/${own.at(-3)}`)
    return service === undefined ? undefined : this.#service(service, name, { own: own.slice(0, -3), type })
  }

  #service(service: SnapshotService, name: Name, { own, type }: { own: Name; type: number }): Found | undefined {
    if (service.alias !== undefined) {
      if (own.length > 0) return undefined
      const alias = lowerName(service.alias)
      return { code: codes.ok, alias, answers: [{ name, type: types.CNAME, ttl, data: nameBytes(alias) }] }
    }
    const ips = service.ips ?? (service.hosts ?? []).map(host => host.ip)
    if (own.length === 0) return this.#addresses(name, ips, type)
    const [first = '', second = ''] = own
    if (own.length === 1 && service.hosts !== undefined) {
      const hosts = service.hosts.filter(host => hostLabel(host) === first)
      if (hosts.length > 0)
        return this.#addresses(
          name,
          hosts.map(host => host.ip),
          type,
        )
    }
    const proto = own.at(-1)
    const portName = own.length === 2 && first.startsWith('_') ? first.slice(1) : undefined
    if (!/^_(?:tcp|udp|sctp)$/.test(proto ?? '') || own.length > 2) return undefined
    if (own.length === 1) return { code: codes.ok }
    return portName === undefined ? undefined : this.#ports(service, name, { portName, proto: second.slice(1), type })
  }

  #addresses(name: Name, ips: readonly string[], type: number): Found {
    return { code: codes.ok, answers: type === types.A || type === types.ANY ? ips.map(ip => a(name, ip)) : [] }
  }

  #ports(
    service: SnapshotService,
    name: Name,
    { portName, proto, type }: { portName: string; proto: string; type: number },
  ): Found | undefined {
    const base = name.slice(2)
    const matching = (ports: readonly SnapshotPort[] = []): readonly SnapshotPort[] =>
      ports.filter(port => port.name.toLowerCase() === portName && port.proto === proto)
    const targets =
      service.hosts === undefined
        ? matching(service.ports).map(({ port }) => ({ port, target: base, ips: service.ips ?? [] }))
        : service.hosts.flatMap(host =>
            matching(host.ports).map(({ port }) => ({ port, target: [hostLabel(host), ...base], ips: [host.ip] })),
          )
    if (targets.length === 0) return undefined
    if (type !== types.SRV && type !== types.ANY) return { code: codes.ok }
    return {
      code: codes.ok,
      answers: targets.map(({ port, target }) => srv(name, port, target)),
      additional: targets.flatMap(({ target, ips }) => ips.map(ip => a(target, ip))),
    }
  }

  #pod(name: Name, type: number): Found | undefined {
    const ip = (name[0] ?? '').replaceAll('-', '.')
    return addressNumber(ip) === undefined ? undefined : this.#addresses(name, [ip], type)
  }

  #version(name: Name, type: number): readonly Resource[] {
    const data = Buffer.from('\u00051.1.0', 'latin1')
    return type === types.TXT || type === types.ANY ? [{ name, type: types.TXT, ttl, data }] : []
  }

  #apex(type: number): readonly Resource[] {
    const server = { name: this.domain, type: types.NS, ttl, data: nameBytes(['ns', 'dns', ...this.domain]) }
    if (type === types.SOA) return [this.#soa()]
    return type === types.NS ? [server] : []
  }

  #soa(): Resource {
    const numbers = Buffer.alloc(20)
    for (const [at, value] of [this.#serial, 7200, 1800, 86_400, ttl].entries())
      numbers.writeUInt32BE(value >>> 0, at * 4)
    const names = [nameBytes(['ns', 'dns', ...this.domain]), nameBytes(['hostmaster', ...this.domain])]
    return { name: this.domain, type: types.SOA, ttl, data: Buffer.concat([...names, numbers]) }
  }

  #addReverse({ namespace, name, ips = [], hosts = [] }: SnapshotService): void {
    const base = [name, namespace, 'svc', ...this.domain]
    const add = (ip: string, target: Name): void => {
      const known = this.#reverse.get(ip)
      if (known === undefined) this.#reverse.set(ip, [target])
      else known.push(target)
    }
    for (const ip of ips) add(ip, base)
    for (const host of hosts) add(host.ip, [hostLabel(host), ...base])
  }

  /** Addresses that are not the cluster's belong to others. */
  #pointer(name: Name, type: number): Found | undefined {
    if (name.length !== 6 || name[4] !== 'in-addr' || name[5] !== 'arpa') return undefined
    const targets = this.#reverse.get(name.slice(0, 4).toReversed().join('.'))
    if (targets === undefined) return undefined
    const answers = targets.map(target => ({ name, type: types.PTR, ttl, data: nameBytes(target) }))
    const wanted = type === types.PTR || type === types.ANY
    return { code: codes.ok, authoritative: true, answers: wanted ? answers : [] }
  }
}

/** @param serial of the SOA record */
export const makeZone = (snapshot: Snapshot, serial: number): Zone => new Cluster(snapshot, serial)
