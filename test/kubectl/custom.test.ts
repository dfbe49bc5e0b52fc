/** Custom resources as people use them. */
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { skip } from '../tools/clients.ts'
import { type ClientCluster, startClientCluster } from './cluster.ts'

let c: ClientCluster
before(async () => {
  if (skip === false) c = await startClientCluster()
})
after(() => c?.stop())

const definition = `
apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata:
  name: crontabs.stable.example.com
spec:
  group: stable.example.com
  scope: Namespaced
  names: {plural: crontabs, singular: crontab, kind: CronTab, shortNames: [ct], categories: [all, jobs]}
  versions:
  - name: v1
    served: true
    storage: true
    subresources:
      status: {}
      scale: {specReplicasPath: .spec.replicas, statusReplicasPath: .status.replicas, labelSelectorPath: .status.labelSelector}
    selectableFields:
    - jsonPath: .spec.image
    additionalPrinterColumns:
    - {name: Schedule, type: string, jsonPath: .spec.cronSpec, description: When it runs}
    - {name: Replicas, type: integer, jsonPath: .spec.replicas}
    - {name: Image, type: string, jsonPath: .spec.image, priority: 1}
    - {name: Age, type: date, jsonPath: .metadata.creationTimestamp}
    schema:
      openAPIV3Schema:
        type: object
        description: A table of what runs when.
        properties:
          spec:
            type: object
            required: [cronSpec]
            properties:
              cronSpec: {type: string, description: When it runs., pattern: '^(\\d+|\\*)(/\\d+)?(\\s+(\\d+|\\*)(/\\d+)?){4}$'}
              image: {type: string, default: busybox}
              replicas: {type: integer, minimum: 1, maximum: 10, default: 1}
          status:
            type: object
            properties:
              replicas: {type: integer}
              labelSelector: {type: string}
`
const tab = (name: string, spec: string): string => `
apiVersion: stable.example.com/v1
kind: CronTab
metadata: {name: ${name}}
spec: ${spec}
`

test('kubectl applies, shows, explains, scales and deletes', { skip }, async () => {
  const file = c.file('definition.yaml', definition)
  assert.match(await c.k(`apply -f ${file}`), /crontabs\.stable\.example\.com created/)
  await c.k('wait --for condition=Established --timeout 20s crd/crontabs.stable.example.com')
  assert.match(
    await c.k('api-resources --api-group stable.example.com'),
    /crontabs +ct +stable\.example\.com\/v1 +true +CronTab/,
  )
  const one = c.file('one.yaml', tab('one', '{cronSpec: "* * * * */5"}'))
  assert.match(await c.k(`apply -f ${one}`), /crontab\.stable\.example\.com\/one created/)
  assert.match(await c.k(`apply -f ${one}`), /unchanged/)
  assert.match(await c.k('get ct'), /NAME +SCHEDULE +REPLICAS +AGE\none +\* \* \* \* \*\/5 +1 +\d+s/)
  assert.match(await c.k('get crontab one -o wide'), /IMAGE/)
  assert.match(await c.k('get all'), /crontab\.stable\.example\.com\/one/)
  assert.match(await c.k('get ct --field-selector spec.image=busybox -o name'), /crontab\.stable\.example\.com\/one/)
  assert.match(await c.k('explain crontab.spec.cronSpec'), /FIELD: cronSpec <string>[\s\S]*When it runs\./)
  assert.match(await c.k('explain ct --recursive'), /A table of what runs when\.[\s\S]*replicas\t<integer>/)
  await c.k('scale --replicas 3 ct/one')
  assert.equal(await c.ks(['get', 'ct', 'one', '-o', 'jsonpath={.spec.replicas}']), '3')
  assert.match(await c.ks(['patch', 'ct', 'one', '--type', 'merge', '-p', '{"spec":{"replicas":4}}']), /patched/)
  assert.match(await c.k('describe ct one'), /Cron Spec: +\* \* \* \* \*\/5/)
  assert.match(await c.ks(['annotate', 'ct', 'one', 'a=b']), /annotated/)
  assert.match(await c.k(`apply --server-side --force-conflicts -f ${one}`), /serverside-applied/)
})

test('kubectl hears what is wrong', { skip }, async () => {
  const wrong = c.file('wrong.yaml', tab('wrong', '{cronSpec: never, replicas: 11}'))
  const refused = await c.ran('kubectl', ['apply', '-f', wrong])
  assert.equal(refused.code, 1)
  assert.match(refused.stderr, /spec\.cronSpec: Invalid value: "never": spec\.cronSpec in body should match/)
  assert.match(
    refused.stderr,
    /spec\.replicas: Invalid value: 11: spec\.replicas in body should be less than or equal to 10/,
  )
  const unknown = c.file('unknown.yaml', tab('unknown', '{cronSpec: "* * * * *", colour: red}'))
  const strict = await c.ran('kubectl', ['create', '-f', unknown])
  assert.equal(strict.code, 1)
  assert.match(strict.stderr, /strict decoding error: unknown field "spec\.colour"/)
  const warned = await c.ran('kubectl', ['create', '-f', unknown, '--validate=warn'])
  assert.equal(warned.code, 0)
  assert.match(warned.stderr, /Warning: unknown field "spec\.colour"/)
})

test(
  'namespaces take their custom objects along, owners their dependents, and a definition all of them',
  { skip },
  async () => {
    await c.k('create namespace other')
    const two = c.file('two.yaml', tab('two', '{cronSpec: "* * * * *"}'))
    await c.k(`apply -n other -f ${two}`)
    const uid = await c.ks(['get', 'ct', 'two', '-n', 'other', '-o', 'jsonpath={.metadata.uid}'])
    const owner = `  ownerReferences: [{apiVersion: stable.example.com/v1, kind: CronTab, name: two, uid: ${uid}}]`
    const map = `apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: owned\n${owner}\n`
    await c.k(`create -n other -f ${c.file('owned.yaml', map)}`)
    await c.k('delete ct two -n other')
    await c.k('wait --for delete --timeout 30s configmap/owned -n other')
    await c.k(`apply -n other -f ${two}`)
    await c.k('delete namespace other --timeout 40s')
    await c.k('delete crd crontabs.stable.example.com --timeout 30s')
    const gone = await c.ran('kubectl', ['get', 'ct'])
    assert.match(gone.stderr, /the server could not find the requested resource|doesn't have a resource type/)
  },
)
