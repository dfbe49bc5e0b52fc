/** What everybody asks about pods. */
import type { Container, Pod } from './generated/types/core_v1.ts'

/** It has ended, and will not run again. */
export const isTerminal = ({ status }: Pod): boolean => status?.phase === 'Succeeded' || status?.phase === 'Failed'

/** An init container that runs beside the others for the pod's whole life. */
export const isSidecar = (container: Container): boolean => container.restartPolicy === 'Always'
