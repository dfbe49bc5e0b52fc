/** Names of the numbers in etcd's messages. */
export const equal = 0
export const target = { version: 0, create: 1, mod: 2 } as const
export const deletion = 1
export const alarmAction = { get: 0, disarm: 2 } as const
export const noSpace = 1
