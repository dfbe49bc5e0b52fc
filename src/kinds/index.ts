/** Every built-in kind, in the order of discovery. */
import type { Kind } from '#api/kind.ts'
import { Binding } from './core/binding.ts'
import { ComponentStatus } from './core/componentStatus.ts'
import { ConfigMap } from './core/configMap.ts'
import { Endpoints } from './core/endpoints.ts'
import { Event } from './core/event.ts'
import { LimitRange } from './core/limitRange.ts'
import { Namespace } from './core/namespace.ts'
import { Node } from './core/node.ts'
import { PersistentVolume } from './core/persistentVolume.ts'
import { PersistentVolumeClaim } from './core/persistentVolumeClaim.ts'
import { Pod } from './core/pod/index.ts'
import { PodTemplate } from './core/podTemplate.ts'
import { ReplicationController } from './core/replicationController.ts'
import { ResourceQuota } from './core/resourceQuota.ts'
import { Secret } from './core/secret.ts'
import { Service } from './core/service/index.ts'
import { ServiceAccount } from './core/serviceAccount.ts'
import { APIService } from './apiregistration/apiService.ts'
import { ControllerRevision } from './apps/controllerRevision.ts'
import { DaemonSet } from './apps/daemonSet.ts'
import { Deployment } from './apps/deployment.ts'
import { ReplicaSet } from './apps/replicaSet.ts'
import { StatefulSet } from './apps/statefulSet.ts'
import { EventV1 } from './events/event.ts'
import { SelfSubjectReview } from './authentication/selfSubjectReview.ts'
import { TokenReview } from './authentication/tokenReview.ts'
import { LocalSubjectAccessReview } from './authorization/localSubjectAccessReview.ts'
import { SelfSubjectAccessReview } from './authorization/selfSubjectAccessReview.ts'
import { SelfSubjectRulesReview } from './authorization/selfSubjectRulesReview.ts'
import { SubjectAccessReview } from './authorization/subjectAccessReview.ts'
import { HorizontalPodAutoscaler } from './autoscaling/horizontalPodAutoscaler.ts'
import { Decision } from './bulwark/decision.ts'
import { RevokedCertificate } from './bulwark/revokedCertificate.ts'
import { SecretStatus } from './bulwark/secretStatus.ts'
import { SecretVersion } from './bulwark/secretVersion.ts'
import { User } from './bulwark/user.ts'
import { WhoCanReview } from './bulwark/whoCanReview.ts'
import { CronJob } from './batch/cronJob.ts'
import { Job } from './batch/job.ts'
import { CertificateSigningRequest } from './certificates/certificateSigningRequest.ts'
import { Ingress } from './networking/ingress.ts'
import { IngressClass } from './networking/ingressClass.ts'
import { IPAddress } from './networking/ipAddress.ts'
import { NetworkPolicy } from './networking/networkPolicy.ts'
import { ServiceCIDR } from './networking/serviceCIDR.ts'
import { PodDisruptionBudget } from './policy/podDisruptionBudget.ts'
import { ClusterRole } from './rbac/clusterRole.ts'
import { ClusterRoleBinding } from './rbac/clusterRoleBinding.ts'
import { Role } from './rbac/role.ts'
import { RoleBinding } from './rbac/roleBinding.ts'
import { CSIDriver } from './storage/csiDriver.ts'
import { CSINode } from './storage/csiNode.ts'
import { CSIStorageCapacity } from './storage/csiStorageCapacity.ts'
import { StorageClass } from './storage/storageClass.ts'
import { VolumeAttachment } from './storage/volumeAttachment.ts'
import { VolumeAttributesClass } from './storage/volumeAttributesClass.ts'
import { MutatingAdmissionPolicy } from './admissionregistration/mutatingAdmissionPolicy.ts'
import { MutatingAdmissionPolicyBinding } from './admissionregistration/mutatingAdmissionPolicyBinding.ts'
import { MutatingWebhookConfiguration } from './admissionregistration/mutatingWebhookConfiguration.ts'
import { ValidatingAdmissionPolicy } from './admissionregistration/validatingAdmissionPolicy.ts'
import { ValidatingAdmissionPolicyBinding } from './admissionregistration/validatingAdmissionPolicyBinding.ts'
import { ValidatingWebhookConfiguration } from './admissionregistration/validatingWebhookConfiguration.ts'
import { CustomResourceDefinition } from './apiextensions/customResourceDefinition.ts'
import { PriorityClass } from './scheduling/priorityClass.ts'
import { Lease } from './coordination/lease.ts'
import { RuntimeClass } from './node/runtimeClass.ts'
import { EndpointSlice } from './discovery/endpointSlice.ts'
import { DeviceClass } from './resource/deviceClass.ts'
import { ResourceClaim } from './resource/resourceClaim.ts'
import { ResourceClaimTemplate } from './resource/resourceClaimTemplate.ts'
import { ResourceSlice } from './resource/resourceSlice.ts'
import { NodeMetrics } from './metrics/nodeMetrics.ts'
import { PodMetrics } from './metrics/podMetrics.ts'
import { FlowSchema } from './flowcontrol/flowSchema.ts'
import { PriorityLevelConfiguration } from './flowcontrol/priorityLevelConfiguration.ts'

export const builtinKinds: readonly Kind[] = [
  Binding,
  ComponentStatus,
  ConfigMap,
  Endpoints,
  Event,
  LimitRange,
  Namespace,
  Node,
  PersistentVolume,
  PersistentVolumeClaim,
  Pod,
  PodTemplate,
  ReplicationController,
  ResourceQuota,
  Secret,
  Service,
  ServiceAccount,
  APIService,
  ControllerRevision,
  DaemonSet,
  Deployment,
  ReplicaSet,
  StatefulSet,
  EventV1,
  SelfSubjectReview,
  TokenReview,
  LocalSubjectAccessReview,
  SelfSubjectAccessReview,
  SelfSubjectRulesReview,
  SubjectAccessReview,
  HorizontalPodAutoscaler,
  CronJob,
  Job,
  CertificateSigningRequest,
  Ingress,
  IngressClass,
  IPAddress,
  NetworkPolicy,
  ServiceCIDR,
  PodDisruptionBudget,
  ClusterRole,
  ClusterRoleBinding,
  Role,
  RoleBinding,
  CSIDriver,
  CSINode,
  CSIStorageCapacity,
  StorageClass,
  VolumeAttachment,
  VolumeAttributesClass,
  MutatingAdmissionPolicy,
  MutatingAdmissionPolicyBinding,
  MutatingWebhookConfiguration,
  ValidatingAdmissionPolicy,
  ValidatingAdmissionPolicyBinding,
  ValidatingWebhookConfiguration,
  CustomResourceDefinition,
  PriorityClass,
  Lease,
  RuntimeClass,
  EndpointSlice,
  DeviceClass,
  ResourceClaim,
  ResourceClaimTemplate,
  ResourceSlice,
  FlowSchema,
  PriorityLevelConfiguration,
  NodeMetrics,
  PodMetrics,
  User,
  WhoCanReview,
  Decision,
  RevokedCertificate,
  SecretVersion,
  SecretStatus,
]
