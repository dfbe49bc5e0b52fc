/** Writes src/node/cri/cri.gen.ts from cri.proto. */
import { generate } from '../protobuf.ts'

generate('tools/cri/cri.proto', 'src/node/cri/cri.gen.ts')
