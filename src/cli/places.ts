/** Objects and subjects as people read where they are. */
export const placeText = ({ kind, namespace, name }: { kind: string; namespace?: string; name: string }): string =>
  `${kind} ${namespace === undefined ? '' : `${namespace}/`}${name}`
