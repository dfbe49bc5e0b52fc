/** `bulwark who-can`: everybody who can do something, and how. */
import { builtinKinds } from '#kinds/index.ts'
import { type Bulwark, whoCanReviews } from '#kinds/facts/bulwark.ts'
import { visible } from './audit.ts'
import { UsageError } from './place.ts'
import { placeText } from './places.ts'
import { type ReachOptions, reached } from './reach.ts'
import { resourceIn } from './resource-words.ts'

type Review = Bulwark['WhoCanReview']
type Found = NonNullable<Review['status']>['subjects'][number]

export interface WhoCanOptions extends ReachOptions {
  readonly namespace?: string
  readonly allNamespaces?: boolean
  /** Only those who hold the right themselves. */
  readonly direct?: boolean
}

/** `pods`, `deploy`, `deployments.apps/scale`; what is no built-in kind is taken as it stands. */
function resourceOf(text: string): { readonly group: string; readonly resource: string; readonly subresource: string } {
  const [what = '', subresource = '', ...more] = text.split('/')
  if (what === '' || more.length > 0)
    throw new UsageError(`a resource is RESOURCE[.GROUP][/SUBRESOURCE], such as pods/exec, not ${JSON.stringify(text)}`)
  const { resource, group, usual = '' } = resourceIn(what)
  return { group: group ?? usual, resource, subresource }
}

const isClusterWide = ({ group, resource }: { readonly group: string; readonly resource: string }): boolean =>
  builtinKinds.some(kind => kind.group === group && kind.plural === resource && kind.scope === 'Cluster')

function specOf([verb, what, name = '', ...more]: readonly string[], options: WhoCanOptions): Review['spec'] {
  if (verb === undefined || what === undefined || more.length > 0)
    throw new UsageError('who can do what? For example: bulwark who-can delete pods -n shop')
  if (what.startsWith('/')) return { nonResourceAttributes: { verb, path: what } }
  const resource = resourceOf(what)
  const everywhere = options.allNamespaces === true || isClusterWide(resource)
  return {
    resourceAttributes: { ...resource, verb, name, namespace: everywhere ? '' : (options.namespace ?? 'default') },
  }
}

/** @throws UsageError, CommandError */
export async function askWhoCan(words: readonly string[], options: WhoCanOptions): Promise<readonly Found[]> {
  const body: Review = {
    apiVersion: 'bulwark.dev/v1alpha1',
    kind: whoCanReviews.kind,
    metadata: {},
    spec: specOf(words, options),
  }
  const { status } = await reached(options, ({ client }) => client.create(whoCanReviews, body))
  const all = status?.subjects ?? []
  return options.direct === true ? all.filter(one => one.path.length === 1) : all
}

function wayLines({ path }: Found): readonly string[] {
  return path.flatMap(({ text, becomes, grants }) => [
    `  ${text}${becomes === undefined ? '' : `: then it is ${placeText(becomes)}`}`,
    ...grants.map(({ binding, role, rule }) => `    by ${placeText(binding)}, ${placeText(role)}, rule ${rule + 1}`),
  ])
}

/** What people read of it. */
export const whoCanText = (found: readonly Found[]): string =>
  found
    .flatMap(one => [placeText(one.subject), ...wayLines(one)])
    .map(line => `${visible(line)}\n`)
    .join('')
