import type { Pod } from '#kinds/facts/generated/types/core_v1.ts'
import type { Obstacle } from '../plugin.ts'

/** A pod as an answer names it. */
export const placeOf = ({ metadata: { namespace = '', name = '' } }: Pod): NonNullable<Obstacle['object']> => ({
  kind: 'Pod',
  namespace,
  name,
})

export const nameOf = ({ metadata: { namespace = '', name = '' } }: Pod): string => `${namespace}/${name}`
