/** Ingresses get a class; services get no address of somebody else's, where that is asked for. */
import type { Service } from '#kinds/facts/generated/types/core_v1.ts'
import type { Ingress } from '#kinds/facts/generated/types/networking_v1.ts'
import { type Lookup, type Step, deny, derived, draftOf, isResource, oldOf } from './step.ts'
import { newestMarked } from './storage.ts'

const classes = 'ingressclasses.networking.k8s.io'

export function defaultIngressClass(lookup: Lookup): Step {
  const chosen = derived(
    lookup,
    classes,
    objects => newestMarked(objects, ['ingressclass.kubernetes.io/is-default-class'])?.metadata.name,
  )
  return {
    name: 'DefaultIngressClass',
    handles: request =>
      request.operation === 'CREATE' &&
      request.subresource === '' &&
      isResource(request, 'networking.k8s.io', 'ingresses'),
    change: request => {
      const ingress = draftOf<Ingress>(request)
      const name = chosen()
      if (name === undefined || ingress.spec?.ingressClassName !== undefined) return
      if (ingress.metadata.annotations?.['kubernetes.io/ingress.class'] !== undefined) return
      ingress.spec = { ...ingress.spec, ingressClassName: name }
    },
  }
}

export const denyServiceExternalIPs: Step = {
  name: 'DenyServiceExternalIPs',
  handles: request =>
    (request.operation === 'CREATE' || request.operation === 'UPDATE') &&
    request.subresource === '' &&
    isResource(request, '', 'services'),
  judge: request => {
    const had = request.old === undefined ? [] : (oldOf<Service>(request).spec?.externalIPs ?? [])
    const now = draftOf<Service>(request).spec?.externalIPs ?? []
    if (now.some(address => !had.includes(address))) deny(request, 'Use of external IPs is denied by admission control')
  },
}
