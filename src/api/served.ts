/** What a kind is in one of its versions: most say it for all of them. */
import type { Column, Kind, KindVersion, ScalePaths, Served } from './kind.ts'
import type { KObject } from './metadata.ts'

export const hasStatus = ({ kind, version }: Served): boolean => version.status ?? kind.status

export const scaleOf = ({ kind, version }: Served): ScalePaths | undefined =>
  version.scale === undefined ? kind.scale : (version.scale ?? undefined)

export const columnsOf = ({ kind, version }: Served): readonly Column[] => version.columns ?? kind.columns

export const selectableOf = ({
  kind,
  version,
}: Served): Readonly<Record<string, (object: KObject) => string>> | undefined =>
  version.selectableFields ?? kind.selectableFields

/** The version that objects are kept in. */
export const hubOf = (kind: Kind): KindVersion | undefined =>
  kind.unserved ?? kind.versions.find(version => version.name === kind.hub)
