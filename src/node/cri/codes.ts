/** Values of CRI's enumerations, which are plain numbers in cri.proto. */

export const NamespaceMode = { POD: 0, CONTAINER: 1, NODE: 2, TARGET: 3 } as const
export const SandboxState = { READY: 0, NOTREADY: 1 } as const
export const ContainerState = { CREATED: 0, RUNNING: 1, EXITED: 2, UNKNOWN: 3 } as const
export const ContainerEvent = { CREATED: 0, STARTED: 1, STOPPED: 2, DELETED: 3 } as const
export const Propagation = { PRIVATE: 0, HOST_TO_CONTAINER: 1, BIDIRECTIONAL: 2 } as const
export const Profile = { RUNTIME_DEFAULT: 0, UNCONFINED: 1, LOCALHOST: 2 } as const
export const GroupsPolicy = { MERGE: 0, STRICT: 1 } as const
export const PortProtocol = { TCP: 0, UDP: 1, SCTP: 2 } as const
