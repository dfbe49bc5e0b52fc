/** Which steps there are, in which order, and which of them are on. */

/**
 * Upstream's order: who changes before who judges, webhooks after what is built in, quota last. SecretScan and SecretVersions
 * are ours.
 */
export const pluginOrder = [
  'AlwaysAdmit',
  'NamespaceLifecycle',
  'NamespaceExists',
  'LimitPodHardAntiAffinityTopology',
  'LimitRanger',
  'ServiceAccount',
  'NodeRestriction',
  'TaintNodesByCondition',
  'AlwaysPullImages',
  'PodSecurity',
  'PodNodeSelector',
  'Priority',
  'DefaultTolerationSeconds',
  'PodTolerationRestriction',
  'EventRateLimit',
  'ExtendedResourceToleration',
  'DefaultStorageClass',
  'StorageObjectInUseProtection',
  'OwnerReferencesPermissionEnforcement',
  'PersistentVolumeClaimResize',
  'RuntimeClass',
  'CertificateApproval',
  'CertificateSigning',
  'ClusterTrustBundleAttest',
  'CertificateSubjectRestriction',
  'DefaultIngressClass',
  'DenyServiceExternalIPs',
  'PodTopologyLabels',
  'NodeDeclaredFeatureValidator',
  'PodResizeValidator',
  'SecretScan',
  'SecretVersions',
  'MutatingAdmissionPolicy',
  'MutatingAdmissionWebhook',
  'ValidatingAdmissionPolicy',
  'ValidatingAdmissionWebhook',
  'ResourceQuota',
  'AlwaysDeny',
] as const

export type Plugin = (typeof pluginOrder)[number]

/**
 * Off unless asked for; all others are on. Here NodeRestriction is on as well (agents are held to their own node), and so are
 * DenyServiceExternalIPs (a Service that names any address takes over what is sent there) and EventRateLimit.
 */
const off: ReadonlySet<string> = new Set<Plugin>([
  'AlwaysAdmit',
  'AlwaysDeny',
  'AlwaysPullImages',
  'ExtendedResourceToleration',
  'LimitPodHardAntiAffinityTopology',
  'NamespaceExists',
  'OwnerReferencesPermissionEnforcement',
  'PodNodeSelector',
  'PodTolerationRestriction',
])

/** `--enable-admission-plugins` and `--disable-admission-plugins`. */
export interface PluginChoice {
  readonly enable?: readonly string[]
  readonly disable?: readonly string[]
}

/** A choice that cannot be, in upstream's words. */
export class ChoiceError extends Error {}

/** @throws ChoiceError */
export function chosenPlugins({ enable = [], disable = [] }: PluginChoice): readonly Plugin[] {
  const known: ReadonlySet<string> = new Set(pluginOrder)
  for (const [flag, names] of Object.entries({ enable, disable })) {
    const unknown = names.find(name => !known.has(name))
    if (unknown !== undefined)
      throw new ChoiceError(`${flag}-admission-plugins plugin ${JSON.stringify(unknown)} is unknown`)
  }
  const both = enable.find(name => disable.includes(name))
  if (both !== undefined)
    throw new ChoiceError(`${both} in enable-admission-plugins and disable-admission-plugins overlap`)
  return pluginOrder.filter(name => enable.includes(name) || (!off.has(name) && !disable.includes(name)))
}
