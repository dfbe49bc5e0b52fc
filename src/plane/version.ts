/** What nodes report. In a file of its own: the agent needs it, and nothing else of the control plane. */
export const kubeletVersion = 'v1.36.0'
