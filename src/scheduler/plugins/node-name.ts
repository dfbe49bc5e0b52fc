import { type Plugin, reasonOf, refuse } from '../plugin.ts'

const refused = refuse("node(s) didn't match the requested node name", true)

export const nodeName: Plugin = {
  name: 'NodeName',
  wakes: ['node'],
  filter: ({ pod }) => {
    const wanted = pod.spec.nodeName ?? ''
    return wanted === '' ? undefined : node => (node.name === wanted ? undefined : refused)
  },
  explain: ({ pod }) => {
    const wanted = pod.spec.nodeName ?? ''
    return node =>
      wanted === '' || node.name === wanted
        ? []
        : [
            {
              reason: reasonOf(refused),
              line: `spec.nodeName: ${wanted}`,
              fix: 'leave spec.nodeName out',
              effort: 1,
            },
          ]
  },
}
