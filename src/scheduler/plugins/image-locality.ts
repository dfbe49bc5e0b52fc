import type { Plugin } from '../plugin.ts'
import { imageName } from '../snapshot.ts'

const mega = 1024 * 1024
const least = 23 * mega
const mostEach = 1000 * mega

export const imageLocality: Plugin = {
  name: 'ImageLocality',
  weight: 1,
  wakes: [],
  /** Large images count, the more so the more nodes have them: else everything would flock to the first node. */
  score: ({ pod }, snapshot) => {
    const containers = [...pod.spec.containers, ...(pod.spec.initContainers ?? [])]
    const names = containers.map(one => imageName(one.image ?? '')).filter(name => snapshot.imageNodes(name) > 0)
    if (names.length === 0) return undefined
    const most = mostEach * containers.length
    return {
      rank: 'as is',
      score: ({ images }) => {
        const sum = names.reduce(
          (bytes, name) => bytes + ((images.get(name) ?? 0) * snapshot.imageNodes(name)) / snapshot.nodes.length,
          0,
        )
        return Math.floor((100 * (Math.min(Math.max(sum, least), most) - least)) / (most - least))
      },
    }
  },
}
