/** Brings the published type definitions that tests compare with into the cache; without them those tests skip. */
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { fetchDebian } from '#setup/debian.ts'
import { cached, packages } from './input.ts'

const into = cached()
try {
  if (!existsSync(join(into, 'usr/share/gocode')))
    await fetchDebian({ suite: 'sid', packages, into, say: line => console.error(line) })
} catch (error) {
  console.error(
    `The published type definitions cannot be had: ${error instanceof Error ? error.message.split('\n')[0] : ''}`,
  )
}
