/** Names and numbers that the chains of services and the base of the table share. */

/** Connections with this mark leave with the node's address. The number is kube-proxy's. */
export const masqueradeBit = 0x4000

/** Set of the ranges that pods of all nodes have. */
export const podRanges = 'pod-ranges'
export const serviceAddresses = 'service-addresses'
export const serviceNodePorts = 'service-node-ports'
export const refusedAddresses = 'refused-addresses'
export const refusedNodePorts = 'refused-node-ports'
export const hairpins = 'hairpins'

/** Cluster DNS listens on this port of its address, so that what holds port 53 of the machine is not in its way. */
export const dnsPort = 10_053
