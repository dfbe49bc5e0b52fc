/** Protobuf answers; absent until the codec has them: such clients also take JSON. */
import type { ProtobufEncoder } from './http/answer.ts'

export const protobuf: ProtobufEncoder = { object: () => undefined, list: () => undefined, frame: () => undefined }
