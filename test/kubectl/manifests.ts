/** Objects that the tests of clients apply. */

export const deployment = (name: string, more: { readonly replicas?: number; readonly image?: string } = {}): string =>
  JSON.stringify({
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: { name, labels: { app: name } },
    spec: {
      replicas: more.replicas ?? 2,
      selector: { matchLabels: { app: name } },
      template: {
        metadata: { labels: { app: name } },
        spec: {
          containers: [{ name: 'main', image: more.image ?? 'example/web:1', ports: [{ containerPort: 8080 }] }],
        },
      },
    },
  })

type Labels = Readonly<Record<string, string>>

export const configMap = (name: string, data: Labels, labels?: Labels): string =>
  JSON.stringify({ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name, labels }, data })

export const pod = (name: string, labels?: Labels): string =>
  JSON.stringify({
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name, labels },
    spec: { containers: [{ name: 'main', image: 'example/web:1' }], terminationGracePeriodSeconds: 0 },
  })
