/** What volumes and claims have in common. */

/** Names the class of a volume or claim from before there was a field for it. */
export const classAnnotation = 'volume.beta.kubernetes.io/storage-class'

const short: readonly (readonly [string, string])[] = [
  ['ReadWriteOnce', 'RWO'],
  ['ReadOnlyMany', 'ROX'],
  ['ReadWriteMany', 'RWX'],
  ['ReadWriteOncePod', 'RWOP'],
]

/** `RWO,RWX`: each once, in upstream's order. */
export const accessModes = (modes: readonly string[] | undefined): string =>
  short
    .filter(([mode]) => modes?.includes(mode))
    .map(([, name]) => name)
    .join(',')
