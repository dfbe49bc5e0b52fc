/** What a folder of src/ may reach: the folders below it, the Node builtins it needs, the packages it wraps. */
export interface Layer {
  readonly imports: readonly string[]
  readonly node?: readonly string[]
  readonly packages?: readonly string[]
}

/** Top to bottom in import order: a layer lists only layers below it, so no circle can exist. */
export const layers: Readonly<Record<string, Layer>> = {
  cli: {
    imports: [
      'processes',
      'network',
      'node',
      'client',
      'server/admission',
      'server/audit',
      'server/authz',
      'server/store',
      'setup',
      'kinds',
      'codec',
      'kinds/facts',
      'api',
      'base',
    ],
    node: ['child_process', 'crypto', 'fs', 'fs/promises', 'net', 'os', 'path', 'timers/promises', 'util'],
    packages: ['commander'],
  },
  processes: {
    imports: [
      'network',
      'plane',
      'node',
      'controllers',
      'client',
      'server',
      'server/admission',
      'server/audit',
      'server/authz',
      'server/authn',
      'server/store',
      'setup',
      'pki',
      'codec',
      'kinds/facts',
      'wire',
      'api',
      'base',
    ],
    node: ['child_process', 'crypto', 'fs', 'fs/promises', 'http', 'net', 'path', 'timers/promises'],
  },
  testing: {
    imports: ['plane', 'client', 'server/audit', 'server/store', 'kinds/facts', 'base'],
  },
  network: {
    imports: ['node', 'client', 'kinds/facts', 'api', 'base'],
    node: ['child_process', 'crypto', 'dgram', 'fs', 'net', 'os', 'path', 'timers/promises'],
  },
  plane: {
    imports: [
      'server/aggregation',
      'node',
      'scheduler',
      'controllers',
      'client',
      'server/custom',
      'server/policies',
      'server',
      'server/admission',
      'server/audit',
      'server/authz',
      'server/authn',
      'server/store',
      'pki',
      'kinds',
      'codec',
      'kinds/facts',
      'wire',
      'api',
      'base',
    ],
    node: ['crypto'],
  },
  'server/custom': {
    imports: [
      'client',
      'server',
      'server/outbound',
      'server/registry',
      'server/store',
      'kinds',
      'kinds/facts',
      'api',
      'base',
    ],
  },
  'server/policies': {
    imports: ['client', 'codec/cel', 'kinds/facts', 'api'],
  },
  node: {
    imports: ['client', 'images', 'kinds/facts', 'wire', 'api', 'base'],
    node: [
      'child_process',
      'crypto',
      'fs',
      'fs/promises',
      'http',
      'http2',
      'https',
      'net',
      'os',
      'path',
      'stream',
      'stream/promises',
      'timers/promises',
      'tls',
      'util',
      'zlib',
    ],
    packages: [
      '@bufbuild/protobuf',
      '@bufbuild/protobuf/codegenv2',
      '@connectrpc/connect',
      '@connectrpc/connect-node',
      'ws',
    ],
  },
  scheduler: {
    imports: ['controllers', 'client', 'kinds/facts', 'api', 'base'],
  },
  controllers: {
    imports: ['client', 'kinds/amounts', 'kinds/facts', 'api', 'base'],
    node: ['crypto'],
  },
  'server/aggregation': {
    imports: [
      'server',
      'server/outbound',
      'server/authz',
      'server/authn',
      'server/store',
      'client',
      'codec',
      'kinds/facts',
      'wire',
      'api',
      'base',
    ],
    node: ['crypto', 'http', 'stream', 'stream/promises'],
  },
  client: {
    imports: ['api', 'base'],
    node: ['fs/promises', 'http', 'https', 'path'],
    packages: ['js-yaml'],
  },
  server: {
    imports: [
      'server/flow',
      'server/admission',
      'server/audit',
      'server/outbound',
      'server/registry',
      'server/authz',
      'server/authn',
      'server/store',
      'codec',
      'kinds/facts',
      'wire',
      'api',
      'base',
    ],
    node: ['crypto', 'http', 'http2', 'https', 'net', 'perf_hooks', 'stream', 'stream/promises', 'tls', 'util', 'zlib'],
  },
  'server/audit': {
    imports: ['codec', 'kinds/facts', 'wire', 'api', 'base'],
    node: ['crypto', 'fs', 'http', 'net', 'path', 'stream', 'stream/promises', 'util', 'zlib'],
  },
  'server/flow': {
    imports: ['server/store', 'kinds/facts', 'api', 'base'],
  },
  'server/admission': {
    imports: [
      'server/outbound',
      'server/registry',
      'server/authz',
      'server/authn',
      'server/store',
      'codec',
      'codec/cel',
      'kinds/amounts',
      'kinds/facts',
      'api',
      'base',
    ],
  },
  'server/outbound': {
    imports: ['codec', 'kinds/facts', 'wire', 'api', 'base'],
  },
  'server/registry': {
    imports: ['server/store', 'api', 'base'],
  },
  'server/authz': {
    imports: ['server/authn', 'server/store', 'codec', 'codec/cel', 'kinds/facts', 'wire', 'api', 'base'],
  },
  'server/authn': {
    imports: ['server/store', 'codec', 'codec/cel', 'kinds/facts', 'wire', 'api', 'base'],
    node: ['crypto', 'http', 'tls'],
    packages: ['jose'],
  },
  'server/store': {
    imports: ['api', 'base'],
    node: ['assert/strict', 'crypto', 'fs', 'net', 'path', 'sqlite', 'test', 'worker_threads', 'zlib'],
    packages: [
      '@noble/ciphers/salsa.js',
      '@bufbuild/protobuf',
      '@bufbuild/protobuf/codegenv2',
      '@connectrpc/connect',
      '@connectrpc/connect-node',
    ],
  },
  setup: {
    imports: [],
    node: ['child_process', 'fs', 'fs/promises', 'path', 'util'],
  },
  images: {
    imports: [],
    node: ['crypto', 'zlib'],
  },
  pki: {
    imports: [],
    node: ['crypto', 'net'],
    packages: ['@peculiar/x509', 'reflect-metadata'],
  },
  kinds: {
    imports: ['codec', 'codec/cel', 'kinds/facts', 'api', 'base'],
    node: ['crypto', 'net'],
  },
  codec: {
    imports: ['kinds/facts', 'api', 'base'],
    packages: ['js-yaml', 're2js'],
  },
  'codec/cel': {
    imports: ['api', 'base'],
    packages: ['re2js'],
  },
  'kinds/amounts': {
    imports: ['kinds/facts', 'api', 'base'],
  },
  'kinds/facts': {
    imports: ['api'],
  },
  wire: {
    imports: ['base'],
    node: ['dns', 'http', 'https', 'net', 'stream', 'tls'],
  },
  api: {
    imports: [],
    node: ['stream'],
  },
  base: {
    imports: [],
  },
}
