/** The images that whole-cluster tests run, under the names that public charts and manifests use. */
import { execFileSync } from 'node:child_process'
import { join } from 'node:path'
import type { ImageConfig } from '#images/archive.ts'
import type { TarEntry } from '#images/tar.ts'
import { folder, program, type Tree } from './packages.ts'

export interface Recipe {
  readonly name: string
  readonly packages: readonly string[]
  readonly config: ImageConfig
  readonly files: (tree: Tree) => Promise<readonly TarEntry[]>
}

const text = (path: string, content: string): TarEntry => ({ type: 'file', path, data: Buffer.from(content) })
const PATH = 'PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin'

const users = [
  ['root', 0, '/root'],
  ['nobody', 65534, '/'],
  ['redis', 999, '/data'],
  ['node', 1000, '/home/node'],
  ['nginx', 101, '/var/cache/nginx'],
] as const

const base: readonly TarEntry[] = [
  ...['root', 'home', 'etc', 'proc', 'sys', 'dev', 'run', 'var'].map(path => ({ type: 'folder', path }) as const),
  { type: 'folder', path: 'tmp', mode: 0o1777 },
  { type: 'folder', path: 'var/tmp', mode: 0o1777 },
  text('etc/passwd', users.map(([name, id, home]) => `${name}:x:${id}:${id}::${home}:/bin/sh\n`).join('')),
  text('etc/group', users.map(([name, id]) => `${name}:x:${id}:\n`).join('')),
  text('etc/nsswitch.conf', 'hosts: files dns\n'),
]

/** A shell and the usual tools, in every image so that tests can look around. */
async function shell(tree: Tree): Promise<readonly TarEntry[]> {
  const applets = execFileSync(join(tree.root, 'bin/busybox'), ['--list'], { encoding: 'utf8' }).trim().split('\n')
  return [
    ...base,
    ...(await program(tree, 'bin/busybox')),
    ...applets
      .filter(name => name !== 'busybox')
      .map(name => ({ type: 'link', path: `bin/${name}`, target: '/bin/busybox' }) as const),
  ]
}

const nginxConf = `worker_processes 1; daemon off; pid /tmp/nginx.pid; error_log /dev/stderr; user nginx;
events { worker_connections 512; }
http {
  include /etc/nginx/mime.types; access_log /dev/stdout;
  client_body_temp_path /tmp/body; proxy_temp_path /tmp/proxy; fastcgi_temp_path /tmp/fastcgi;
  uwsgi_temp_path /tmp/uwsgi; scgi_temp_path /tmp/scgi;
  include /etc/nginx/conf.d/*.conf;
}
`
const nginxSite = `server { listen 80; location / { root /usr/share/nginx/html; index index.html; } }\n`

export const recipes: readonly Recipe[] = [
  {
    name: 'docker.io/library/busybox:1.37',
    packages: ['busybox'],
    config: { Cmd: ['sh'], Env: [PATH] },
    files: shell,
  },
  {
    name: 'docker.io/library/redis:7',
    packages: ['busybox', 'redis-server', 'redis-tools'],
    config: {
      Cmd: ['redis-server', '--protected-mode', 'no'],
      Env: [PATH],
      WorkingDir: '/data',
      ExposedPorts: { '6379/tcp': {} },
    },
    files: async tree => [
      ...(await shell(tree)),
      { type: 'folder', path: 'data', mode: 0o777 },
      ...(await program(tree, 'usr/bin/redis-server')),
      ...(await program(tree, 'usr/bin/redis-cli')),
    ],
  },
  {
    name: 'docker.io/library/nginx:1.29',
    packages: ['busybox', 'nginx', 'nginx-common'],
    config: { Cmd: ['nginx'], Env: [PATH], ExposedPorts: { '80/tcp': {} } },
    files: async tree => [
      ...(await shell(tree)),
      ...(await program(tree, 'usr/sbin/nginx')),
      ...folder(tree, 'etc/nginx').filter(entry => entry.path === 'etc/nginx/mime.types'),
      text('etc/nginx/nginx.conf', nginxConf),
      text('etc/nginx/conf.d/default.conf', nginxSite),
      text('usr/share/nginx/html/index.html', '<!doctype html><title>Welcome</title><h1>Welcome</h1>\n'),
      ...['var/log/nginx', 'var/lib/nginx', 'var/cache/nginx'].map(
        path => ({ type: 'folder', path, mode: 0o777 }) as const,
      ),
    ],
  },
  {
    name: 'docker.io/library/node:26',
    packages: ['busybox', 'libc6', 'libstdc++6', 'libgcc-s1'],
    config: { Cmd: ['node'], Env: [PATH], WorkingDir: '/app' },
    files: async tree => [
      ...(await shell(tree)),
      { type: 'folder', path: 'app' },
      ...(await program(tree, 'usr/local/bin/node', process.execPath)),
    ],
  },
]
