/** YAML text of any JSON value. */
import { dump } from 'js-yaml'

export const dumpYaml = (value: unknown): string => dump(value, { lineWidth: -1, noRefs: true })
