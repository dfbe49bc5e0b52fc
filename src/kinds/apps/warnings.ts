/** What clients are told of controllers of pods, where their spec is new or has changed. */
import type { WriteContext } from '#api/kind.ts'
import type { KObject } from '#api/metadata.ts'
import type { PodTemplateSpec } from '#kinds/facts/generated/types/core_v1.ts'
import { nameWarnings, templateWarnings } from '../core/pod/warnings.ts'
import { Place } from '../place.ts'

/** @param path where the template stands. @param named whether pods are named after the object. */
export const ofTemplate =
  <O extends KObject>(path: string, template: (object: O) => PodTemplateSpec | undefined, named: boolean) =>
  (object: O, { old, subresource }: WriteContext<O>): readonly string[] => {
    const changed = old === undefined || old.metadata.generation !== object.metadata.generation
    const given = template(object)
    if (subresource !== '' || !changed || given === undefined) return []
    const name = named && old === undefined ? nameWarnings(object.metadata, 'Pod names and hostnames') : []
    return [...name, ...templateWarnings(new Place(path), given)]
  }
