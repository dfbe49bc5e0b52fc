/** Writes src/server/store/etcd/rpc.gen.ts from etcd.proto. */
import { generate } from '../protobuf.ts'

generate('tools/etcd/etcd.proto', 'src/server/store/etcd/rpc.gen.ts')
