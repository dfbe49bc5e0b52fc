/** Of a node that has told nothing of itself. */
import type { NodeSystemInfo } from './generated/types/core_v1.ts'

export const noNodeInfo: NodeSystemInfo = {
  machineID: '',
  systemUUID: '',
  bootID: '',
  kernelVersion: '',
  osImage: '',
  containerRuntimeVersion: '',
  kubeletVersion: '',
  kubeProxyVersion: '',
  operatingSystem: '',
  architecture: '',
}
