import type { Plugin } from '../plugin.ts'

/** 100 when CPU and memory are used to the same degree. */
function balance(cpu: number, memory: number): number {
  return (1 - Math.abs(Math.min(1, cpu) - Math.min(1, memory)) / 2) * 100
}

export const balancedAllocation: Plugin = {
  name: 'NodeResourcesBalancedAllocation',
  weight: 1,
  wakes: [],
  /** Pods that ask for nothing unbalance nothing. */
  score: ({ requests }) => {
    if (requests.cpu === 0 && requests.memory === 0) return undefined
    return {
      rank: 'as is',
      score: ({ allocatable, requested }) => {
        if (allocatable.cpu === 0 || allocatable.memory === 0) return 50
        const before = balance(requested.cpu / allocatable.cpu, requested.memory / allocatable.memory)
        const after = balance(
          (requested.cpu + requests.cpu) / allocatable.cpu,
          (requested.memory + requests.memory) / allocatable.memory,
        )
        return Math.floor(50 + (50 + Math.floor(after) - Math.floor(before)) / 2)
      },
    }
  },
}
