/** A Reader straight over the fake API's store, as the server's own reader is over the real one. */
import { type KObject, type ResourceRef, groupResource, keyOf } from '#api/metadata.ts'
import type { Change, Reader } from '#api/reader.ts'
import { typed } from './client.ts'
import type { FakeApi } from './fake.ts'

export const fakeReader = (api: FakeApi): Reader => ({
  revision: () => api.revision(),
  reached: () => Promise.resolve(),
  get: <O extends KObject>(ref: ResourceRef<O>, key: string) => {
    const object = api.cache(groupResource(ref)).get(key)
    return object === undefined ? undefined : typed(ref, object)
  },
  list: (ref, namespace) =>
    api
      .cache(groupResource(ref))
      .list(namespace)
      .map(object => typed(ref, object)),
  byIndex: (ref, index, value) =>
    api
      .cache(groupResource(ref))
      .byIndex(index, value)
      .map(object => typed(ref, object)),
  require: (_, indexes = []) => {
    for (const index of indexes)
      if (!api.cache(index.resource).hasIndex(index.name)) api.cache(index.resource).addIndex(index)
    return Promise.resolve()
  },
  subscribe: (ref, onChanges) => {
    const resource = groupResource(ref)
    const existing = api
      .cache(resource)
      .list()
      .map((object): Change => ({
        type: 'put',
        resource,
        key: keyOf(object),
        object,
        previous: undefined,
        revision: Number(object.metadata.resourceVersion),
      }))
    onChanges(existing)
    return api.listen(change => {
      if (change.resource === resource) onChanges([change])
    })
  },
})
