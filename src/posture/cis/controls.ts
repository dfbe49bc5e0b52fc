/** The CIS Kubernetes Benchmark 1.12: ids are its own, titles are ours. */
import type { Control } from '../control.ts'
import { apiServer } from './api-server.ts'
import { controllerManager, peopleAndRecords, scheduler } from './control-plane.ts'
import { etcd } from './etcd.ts'
import { files } from './files.ts'
import { general } from './general.ts'
import { pods } from './pods.ts'
import { accounts } from './rbac.ts'
import { worker } from './worker.ts'

export const cis: readonly Control[] = [
  ...files,
  ...apiServer,
  ...controllerManager,
  ...scheduler,
  ...etcd,
  ...peopleAndRecords,
  ...worker,
  ...accounts,
  ...pods,
  ...general,
]
