/** The pod that every figure is about: one container with the usual fields, about 3.5 KB once it is kept. */
export const podBody = (name: string | undefined) => ({
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: {
    ...(name === undefined ? { generateName: 'bench-' } : { name }),
    labels: {
      app: 'bench',
      tier: 'backend',
      'app.kubernetes.io/name': 'bench',
      'app.kubernetes.io/part-of': 'measurements',
    },
    annotations: { 'example.org/description': 'a pod that is created, read and listed, and never runs '.repeat(8) },
  },
  spec: {
    schedulerName: 'nobody',
    automountServiceAccountToken: false,
    terminationGracePeriodSeconds: 30,
    securityContext: { runAsNonRoot: true, runAsUser: 1000 },
    containers: [
      {
        name: 'main',
        image: 'registry.example.org/team/application:1.2.3',
        args: ['--listen=:8080', '--log-level=info', '--config=/etc/application/config.yaml'],
        env: Array.from({ length: 10 }, (_, at) => ({
          name: `SETTING_${at}`,
          value: `value number ${at} of the settings`,
        })),
        ports: [{ name: 'http', containerPort: 8080 }],
        resources: { requests: { cpu: '100m', memory: '128Mi' }, limits: { memory: '256Mi' } },
        livenessProbe: { httpGet: { path: '/healthz', port: 'http' }, initialDelaySeconds: 5 },
        readinessProbe: { httpGet: { path: '/ready', port: 'http' } },
        volumeMounts: [
          { name: 'config', mountPath: '/etc/application' },
          { name: 'cache', mountPath: '/var/cache/application' },
        ],
      },
    ],
    volumes: [
      { name: 'config', configMap: { name: 'application' } },
      { name: 'cache', emptyDir: {} },
    ],
  },
})
