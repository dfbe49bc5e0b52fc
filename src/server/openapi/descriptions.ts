/** A few words for the fields that every object has; all others have none. */
import type { JsonObject } from '#api/metadata.ts'

/** Tests of clients look for the first words of some of these. */
const everywhere: Readonly<Record<string, string>> = {
  apiVersion: 'APIVersion defines the group and version of the API in which this object is written.',
  kind: 'Kind says what kind of object this is.',
  metadata: "Standard object's metadata: name, labels and everything else that all objects have.",
  spec: 'What is wanted.',
  status: 'What is found; written by controllers.',
}

const ofMetadata: Readonly<Record<string, string>> = {
  annotations: 'Notes for tools and people; not selected by.',
  creationTimestamp: 'CreationTimestamp is a timestamp: when the server created the object.',
  deletionTimestamp: 'When the object is to be gone; set by a graceful deletion.',
  finalizers: 'Who must act before the object may go.',
  generateName: 'Beginning of a name that the server completes.',
  generation: 'Counts changes of what is wanted.',
  labels: 'Keys and values by which objects are selected.',
  managedFields: 'Who set which fields.',
  name: 'Unique within its kind and namespace.',
  namespace: 'Where the name is unique.',
  ownerReferences: 'Objects without which this one is collected.',
  resourceVersion: 'Changes with every write.',
  uid: 'Unique over all time.',
}

/** @param owner name of the definition that has the field. */
export function describe(field: string, owner?: string): JsonObject {
  const words = owner?.endsWith('.meta.v1.ObjectMeta') === true ? ofMetadata : everywhere
  const description = Object.hasOwn(words, field) ? words[field] : undefined
  return description === undefined ? {} : { description }
}
