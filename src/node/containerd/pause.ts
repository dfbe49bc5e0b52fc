/**
 * The process that holds a pod's namespaces, as a program assembled here: no registry and no toolchain is needed to
 * start the first pod. It reaps nothing itself (SIGCHLD is ignored with SA_NOCLDWAIT), leaves on SIGTERM and SIGINT,
 * and otherwise sleeps in pause(2).
 */
import { imageArchive } from '#images/archive.ts'

const base = 0x400000
const headers = 64 + 56
const signal = { SIGINT: 2, SIGTERM: 15, SIGCHLD: 17 } as const
const call = { rt_sigaction: 13, pause: 34, exit_group: 231 } as const
/** x86-64 requires a restorer with every handler; ours never returns, so the handler stands in for it. */
const flag = { SA_NOCLDWAIT: 2n, SA_RESTORER: 0x04000000n } as const

const u32 = (value: number): readonly number[] => [0, 8, 16, 24].map(shift => (value >>> shift) & 0xff)
const u64 = (value: bigint): readonly number[] => [...u32(Number(value & 0xffffffffn)), ...u32(Number(value >> 32n))]

/** mov eax, number; syscall */
const syscall = (number: number): readonly number[] => [0xb8, ...u32(number), 0x0f, 0x05]
/** rt_sigaction(number, action, NULL, 8): edi, esi, edx and r10 carry the arguments. */
const sigaction = (number: number, action: number): readonly number[] =>
  [
    [0xbf, ...u32(number)],
    [0xbe, ...u32(action)],
    [0x31, 0xd2],
    [0x41, 0xba, ...u32(8)],
    syscall(call.rt_sigaction),
  ].flat()

function code(): Buffer {
  const sleep = [...syscall(call.pause), 0xeb, 0xf7]
  const leave = [0x31, 0xff, ...syscall(call.exit_group)]
  const setup = 3 * sigaction(0, 0).length
  const exitAt = base + headers + setup + sleep.length
  const length = setup + sleep.length + leave.length
  const padding = (8 - (length % 8)) % 8
  const ignoreAt = base + headers + length + padding
  const leaveAt = ignoreAt + 32
  // struct kernel_sigaction: handler, flags, restorer, mask. Handler 1 is SIG_IGN.
  const ignore = [1n, flag.SA_NOCLDWAIT, 0n, 0n].flatMap(u64)
  const handle = [BigInt(exitAt), flag.SA_RESTORER, BigInt(exitAt), 0n].flatMap(u64)
  return Buffer.from([
    ...sigaction(signal.SIGCHLD, ignoreAt),
    ...sigaction(signal.SIGTERM, leaveAt),
    ...sigaction(signal.SIGINT, leaveAt),
    ...sleep,
    ...leave,
    ...Array<number>(padding).fill(0x90),
    ...ignore,
    ...handle,
  ])
}

/** A static ELF executable for x86-64 with one loadable segment. */
export function pauseProgram(): Buffer {
  const text = code()
  const size = BigInt(headers + text.length)
  const elf = Buffer.alloc(headers)
  elf.set([0x7f, 0x45, 0x4c, 0x46, 2, 1, 1])
  elf.writeUInt16LE(2, 16)
  elf.writeUInt16LE(62, 18)
  elf.writeUInt32LE(1, 20)
  elf.writeBigUInt64LE(BigInt(base + headers), 24)
  elf.writeBigUInt64LE(64n, 32)
  elf.writeUInt16LE(64, 52)
  elf.writeUInt16LE(56, 54)
  elf.writeUInt16LE(1, 56)
  elf.writeUInt32LE(1, 64)
  elf.writeUInt32LE(5, 68)
  elf.writeBigUInt64LE(BigInt(base), 80)
  elf.writeBigUInt64LE(BigInt(base), 88)
  elf.writeBigUInt64LE(size, 96)
  elf.writeBigUInt64LE(size, 104)
  elf.writeBigUInt64LE(0x1000n, 112)
  return Buffer.concat([elf, text])
}

export const pauseImage = 'registry.k8s.io/pause:3.10'

export const pauseArchive = (): Buffer =>
  imageArchive({
    name: pauseImage,
    architecture: 'amd64',
    config: { Entrypoint: ['/pause'], User: '65535:65535' },
    files: [{ type: 'file', path: 'pause', data: pauseProgram(), mode: 0o755 }],
  })
