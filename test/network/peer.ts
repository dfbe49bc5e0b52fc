/** Runs inside a pod's network namespace. `serve NAME PORT...` answers on TCP and UDP; `ask PROTO HOST PORT` and `dig PROTO SERVER NAME TYPE` print what they hear; `echo PORT` and `hold HOST PORT` keep one connection; `member NAME PORT...` serves, and tells for each line of stdin which of `[PROTO, HOST, PORT]...` it reaches; `listen PORT` prints what comes over UDP, `send HOST PORT BYTES [PORT]` sends there, to everybody if need be. */
import { createSocket } from 'node:dgram'
import { connect, createServer } from 'node:net'
import { createInterface } from 'node:readline'
import { type Asked, questionBytes, replyText } from '#network/dns/ask.ts'

const [mode = '', ...rest] = process.argv.slice(2)

function serve(name: string, ports: readonly number[]): void {
  for (const port of ports) {
    createServer(socket => {
      socket.on('error', () => undefined)
      socket.end(`${name} ${socket.remoteAddress?.replace('::ffff:', '')}`)
    }).listen(port, '0.0.0.0')
    const udp = createSocket('udp4')
    udp.on('message', (_, from) => udp.send(`${name} ${from.address}`, from.port, from.address))
    udp.bind(port)
  }
  setTimeout(() => console.log('ready'), 50)
}

const began = performance.now()
const say = (text: string): never => {
  console.log(JSON.stringify({ text, ms: Math.round(performance.now() - began) }))
  process.exit(0)
}

function ask(proto: string, host: string, port: number): void {
  setTimeout(() => say('timeout'), 3_000)
  if (proto === 'tcp') {
    const socket = connect(port, host)
    socket.on('data', data => say(data.toString()))
    socket.on('error', (error: NodeJS.ErrnoException) => say(error.code ?? 'error'))
    return
  }
  const udp = createSocket('udp4')
  udp.on('message', data => say(data.toString()))
  udp.on('error', (error: NodeJS.ErrnoException) => say(error.code ?? 'error'))
  udp.connect(port, host, () => udp.send('hello'))
}

function dig(proto: string, server: string, question: Buffer): void {
  setTimeout(() => say('timeout'), 1_500)
  if (proto === 'tcp') {
    const socket = connect(53, server, () => socket.write(Buffer.concat([Buffer.from([0, question.length]), question])))
    socket.on('data', (data: Buffer) => say(replyText(data.subarray(2)).join('\n')))
    socket.on('error', (error: NodeJS.ErrnoException) => say(error.code ?? 'error'))
    return
  }
  const udp = createSocket('udp4')
  udp.on('message', data => say(replyText(data).join('\n')))
  udp.on('error', (error: NodeJS.ErrnoException) => say(error.code ?? 'error'))
  udp.connect(53, server, () => udp.send(question))
}

function echo(port: number): void {
  createServer(socket => {
    socket.on('error', () => undefined)
    socket.pipe(socket)
  }).listen(port, '0.0.0.0', () => console.log('ready'))
}

/** Each line of stdin goes over the connection: `pong` when it comes back, what else happened when it does not. */
function hold(host: string, port: number): void {
  const socket = connect(port, host, () => console.log('ready'))
  let waiting: NodeJS.Timeout | undefined
  const tell = (text: string): void => {
    clearTimeout(waiting)
    console.log(text)
  }
  socket.on('data', () => tell('pong'))
  socket.on('error', (error: NodeJS.ErrnoException) => tell(error.code ?? 'error'))
  process.stdin.on('data', data => {
    waiting = setTimeout(() => tell('timeout'), 2_000)
    socket.write(data)
  })
}

function listen(port: number): void {
  const udp = createSocket('udp4')
  udp.on('message', (data, from) => console.log(`${from.address} ${data.length}`))
  udp.bind(port, () => console.log('ready'))
}

function send(where: { readonly host: string; readonly port: number }, bytes: number, own = 0): void {
  const udp = createSocket('udp4')
  udp.on('error', () => process.exit(0))
  udp.bind(own, () => {
    udp.setBroadcast(true)
    udp.send(Buffer.alloc(bytes), where.port, where.host, () => process.exit(0))
  })
}

type Target = readonly [proto: string, host: string, port: number]

/** Long enough for what is answered at once, on a machine that is busy. */
const reachMs = 1_500

const reaches = ([proto, host, port]: Target): Promise<boolean> =>
  new Promise(resolve => {
    const end = setTimeout(() => finish(false), reachMs)
    const socket = proto === 'tcp' ? connect(port, host) : createSocket('udp4')
    const finish = (reached: boolean): void => {
      clearTimeout(end)
      resolve(reached)
      if ('destroy' in socket) socket.destroy()
      else socket.close(() => undefined)
    }
    socket.on('error', () => finish(false))
    if ('destroy' in socket) socket.on('data', () => finish(true))
    else {
      socket.on('message', () => finish(true))
      socket.connect(port, host, () => socket.send('hello'))
    }
  })

function member(name: string, ports: readonly number[]): void {
  serve(name, ports)
  createInterface({ input: process.stdin }).on('line', line => {
    const targets = JSON.parse(line) as readonly Target[]
    void Promise.all(targets.map(reaches)).then(all => console.log(JSON.stringify(all)))
  })
}

const isType = (type: string): type is NonNullable<Asked['type']> => ['A', 'AAAA', 'SRV', 'PTR', 'TXT'].includes(type)

if (mode === 'dig') {
  const [proto = '', server = '', name = '', type = 'A'] = rest
  if (isType(type)) dig(proto, server, questionBytes({ name, type }))
} else if (mode === 'serve') serve(rest[0] ?? '', rest.slice(1).map(Number))
else if (mode === 'echo') echo(Number(rest[0]))
else if (mode === 'member') member(rest[0] ?? '', rest.slice(1).map(Number))
else if (mode === 'listen') listen(Number(rest[0]))
else if (mode === 'send') {
  const [host = '', port, bytes, own = 0] = rest
  send({ host, port: Number(port) }, Number(bytes), Number(own))
} else if (mode === 'hold') hold(rest[0] ?? '', Number(rest[1]))
else ask(rest[0] ?? '', rest[1] ?? '', Number(rest[2]))
