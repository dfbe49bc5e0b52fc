/** The flags of audit, under upstream's names. */
import { FlagError, type Given, auditFlags, auditSettings } from '#server/audit/flags.ts'
import { resolve } from 'node:path'
import { UsageError } from './place.ts'

const attribute = (flag: string): string => flag.replaceAll(/-(.)/g, (_, char: string) => char.toUpperCase())

interface Options {
  option(flags: string, description: string): unknown
}

/** Adds them to a command. */
export function withAuditFlags<C extends Options>(command: C): C {
  for (const [name, { kind, usual, help }] of Object.entries(auditFlags))
    command.option(
      kind === 'switch' ? `--${name} [value]` : `--${name} <value>`,
      usual === '' ? help : `${help} (default: ${usual})`,
    )
  return command
}

const files = new Set(['audit-policy-file', 'audit-webhook-config-file', 'audit-log-path'])

/** Those that were given; files by their whole names. @throws UsageError */
export function givenAudit(options: object): Given | undefined {
  const given: Record<string, string> = {}
  for (const name of Object.keys(auditFlags)) {
    const value: unknown = Reflect.get(options, attribute(name))
    // A switch without a value is on.
    const text = value === true ? 'true' : value
    if (typeof text !== 'string') continue
    given[name] = files.has(name) && text !== '' && text !== '-' ? resolve(text) : text
  }
  if (Object.keys(given).length === 0) return undefined
  try {
    auditSettings(given)
  } catch (error) {
    if (error instanceof FlagError) throw new UsageError(error.message)
    throw error
  }
  return given
}
