/** Writes src/server/store/kms/rpc.gen.ts from kms.proto. */
import { generate } from '../protobuf.ts'

generate('tools/kms/kms.proto', 'src/server/store/kms/rpc.gen.ts')
