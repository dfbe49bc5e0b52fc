/** Facts of our own group, written by hand in the form of the generated ones. */
import type { KObject, ResourceRef } from '#api/metadata.ts'
import type { Schema } from '#api/schema.ts'
import { facts } from './generated/facts.ts'
import type { SubjectAccessReview } from './generated/types/authorization_v1.ts'
import { typesOf } from './read.ts'

export const bulwarkGroup = 'bulwark.dev'
export const bulwarkVersion = 'v1alpha1'
const apiVersion = `${bulwarkGroup}/${bulwarkVersion}`

const object = 'kind:s/o apiVersion:s/o metadata=1:@meta_v1.ObjectMeta/o'

const types = typesOf({
  ...facts,
  bulwark_v1alpha1: {
    openapi: 'dev.bulwark.v1alpha1',
    types: {
      User: `${object} spec=2:@UserSpec`,
      UserSpec: 'username=1:s/o fullName=2:s/o aliases=3:[s/o/Lset groups=4:[s/o/Lset disabled=5:b/o',
      UserCredential: `${object} spec=2:@UserCredentialSpec status=3:@UserCredentialStatus/o`,
      UserCredentialSpec: 'publicKey=1:y/o expirationSeconds=2:l/po',
      UserCredentialStatus: 'certificate=1:y/o serialNumber=2:s/o expirationTimestamp=3:t/po',
      RevokedCertificate: `${object} spec=2:@RevokedCertificateSpec`,
      RevokedCertificateSpec: 'serialNumber=1:s/o issuer=2:s/o reason=3:s/o notAfter=4:t/po',
      Place: 'kind=1:s/o namespace=2:s/o name=3:s/o',
      Decision: `${object} spec=2:@DecisionSpec status=3:@DecisionStatus/o`,
      DecisionSpec:
        'username=1:s/o groups=2:[s/o/Latomic verb=3:s/o group=4:s/o version=5:s/o resource=6:s/o subresource=7:s/o namespace=8:s/o name=9:s/o path=10:s/o',
      DecisionStatus:
        'code=1:i/o reason=2:s/o message=3:s/o by=4:s/o object=5:@Place/po line=6:s/o fix=7:s/o allowedNow=8:b/po near=9:[@NearRule/o/Latomic grant=10:@Grant/po nodes=11:[@NodeRefusal/o/Latomic nodesLeftOff=12:i/o',
      NearRule: 'binding=1:@Place/o role=2:@Place/o rule=3:i fails=4:s/o',
      NodeRefusal: 'name=1:s obstacles=2:[@Obstacle/o/Latomic',
      Obstacle: 'by=1:s reason=2:s object=3:@Place/po line=4:s/o fix=5:s/o',
      Grant: 'commands=1:[s/o/Latomic role=2:r/o binding=3:r/o',
      WhoCanReview: `${object} spec=2:@WhoCanReviewSpec status=3:@WhoCanReviewStatus/o`,
      WhoCanReviewSpec:
        'resourceAttributes=1:@authorization_v1.ResourceAttributes/po nonResourceAttributes=2:@authorization_v1.NonResourceAttributes/po',
      WhoCanReviewStatus: 'subjects=1:[@WhoCan/o/Latomic',
      WhoCan: 'subject=1:@Place/o path=2:[@WhoCanStep/o/Latomic',
      WhoCanStep: 'text=1:s/o becomes=2:@Place/po grants=3:[@RuleGrant/o/Latomic',
      RuleGrant: 'binding=1:@Place/o role=2:@Place/o rule=3:i',
      SecretVersion: `${object} secretName=2:s secretUID=3:s revision=4:i type=5:s/o data=6:{y/o replacedBy=7:s/o expiresAt=8:t/po`,
      SecretStatus: `${object} status=2:@SecretStatusStatus/o`,
      SecretStatusStatus:
        'type=1:s/o changedAt=2:t/po expiresAt=3:t/po expirySource=4:s/o rotationDueAt=5:t/po conditions=6:[@meta_v1.Condition/o/Lmap/Ktype/Pmerge/ktype',
    },
  },
})

/** @param name of a type of the group, such as `User` */
export const bulwarkType = (name: string): Schema => types.typeSchema(`bulwark_v1alpha1.${name}`)

/** Somebody who may come in, by whatever credential. */
export interface BulwarkUser extends KObject {
  readonly spec?: {
    /** As credentials name them; the object's name unless given. Never changes. */
    readonly username?: string
    readonly fullName?: string
    /** Further names of the same person: those that an issuer of tokens gives them. */
    readonly aliases?: readonly string[]
    /** Of certificates that are issued for them. */
    readonly groups?: readonly string[]
    /** They are let in no more, whatever they show. */
    readonly disabled?: boolean
  }
}

/** What `users/NAME/credentials` takes and answers. */
export interface BulwarkUserCredential extends KObject {
  readonly spec: {
    /** Base64 of the PEM (SPKI) of a public key whose private half never leaves who asks. */
    readonly publicKey?: string
    readonly expirationSeconds?: number
  }
  readonly status?: {
    /** Base64 of PEM. */
    readonly certificate?: string
    readonly serialNumber?: string
    readonly expirationTimestamp?: string
  }
}

/** A client certificate that is no longer good. */
export interface BulwarkRevokedCertificate extends KObject {
  readonly spec?: {
    /** Hexadecimal, as `openssl x509 -serial` prints it; colons are taken. */
    readonly serialNumber?: string
    /** Common name of who signed it; absent: whoever did. */
    readonly issuer?: string
    readonly reason?: string
    /** When the certificate ends by itself, and this may go: it is kept for ten years where nobody says. */
    readonly notAfter?: string
  }
}

/** Where an object is; a subject of bindings, too. */
interface Place {
  readonly kind: string
  readonly namespace?: string
  readonly name: string
}

/** One rule as somebody has it. */
interface RuleGrant {
  readonly binding: Place
  readonly role: Place
  /** Of the role's rules, counted from 0. */
  readonly rule: number
}

/** What keeps a pod from a node. */
export interface Obstacle {
  /** The scheduler's plugin, */
  readonly by: string
  /** its reason, as the pod's condition counts it, */
  readonly reason: string
  /** whose line it is, where that is not the pod itself, */
  readonly object?: Place
  readonly line: string
  /** and the smallest change that takes it away. */
  readonly fix: string
}

export interface NodeRefusal {
  readonly name: string
  readonly obstacles: readonly Obstacle[]
}

/** Where a pod could be, and what keeps it from everywhere else. */
export interface Placement {
  /** A node that would do. */
  readonly fits?: string
  /** The node from which the least keeps it, and all that would have to be done. */
  readonly closest?: { readonly node: string; readonly fix: string }
  /** The closest first. */
  readonly nodes: readonly NodeRefusal[]
  /** Nodes that are not listed, farther away than all that are. */
  readonly leftOff: number
}

/** On the event that says that a pod is on no node: the number of the decision. */
export const decisionAnnotation = 'bulwark.dev/decision'

/** The number is the beginning of the pod's uid: nothing has to be kept for it, and every server can tell why. */
export const decisionOfPod = (uid: string): string => uid.replaceAll('-', '').slice(0, 12)

/** Kinds that are answered and never kept. */
export interface Bulwark {
  /** A refusal, by the number that it carries. */
  readonly Decision: KObject & {
    readonly spec?: {
      readonly username: string
      readonly groups: readonly string[]
      readonly verb: string
      readonly group: string
      readonly version: string
      readonly resource: string
      readonly subresource: string
      readonly namespace: string
      readonly name: string
      readonly path?: string
    }
    readonly status?: {
      /** Absent where no request was refused. */
      readonly code?: number
      readonly reason: string
      readonly message: string
      /** An authorizer or a plugin of admission, */
      readonly by: string
      /** the object that says so, */
      readonly object?: Place
      /** and the rule, expression, label or field of it. */
      readonly line?: string
      readonly fix?: string
      /** As roles and bindings are now. */
      readonly allowedNow?: boolean
      /** Rules that the user has and that fail in one respect. */
      readonly near?: readonly (RuleGrant & { readonly fails: string })[]
      /** The least that would allow it. */
      readonly grant?: { readonly commands: readonly string[]; readonly role: KObject; readonly binding: KObject }
      /** Of a pod that is on no node: what keeps it from each, the closest first. As things are now. */
      readonly nodes?: readonly NodeRefusal[]
      readonly nodesLeftOff?: number
    }
  }
  /** Who can do something: posted like a SubjectAccessReview. */
  readonly WhoCanReview: KObject & {
    readonly spec: Pick<SubjectAccessReview['spec'], 'resourceAttributes' | 'nonResourceAttributes'>
    readonly status?: {
      readonly subjects: readonly {
        readonly subject: Place
        /** One step where the subject holds the right itself. */
        readonly path: readonly {
          readonly text: string
          /** As whom the subject then acts. */
          readonly becomes?: Place
          readonly grants: readonly RuleGrant[]
        }[]
      }[]
    }
  }
}

export const decisions: ResourceRef<Bulwark['Decision']> = {
  group: bulwarkGroup,
  version: bulwarkVersion,
  resource: 'decisions',
  kind: 'Decision',
  namespaced: false,
}
export const whoCanReviews: ResourceRef<Bulwark['WhoCanReview']> = {
  group: bulwarkGroup,
  version: bulwarkVersion,
  resource: 'whocanreviews',
  kind: 'WhoCanReview',
  namespaced: false,
}
export const bulwarkUsers: ResourceRef<BulwarkUser> = {
  group: bulwarkGroup,
  version: bulwarkVersion,
  resource: 'users',
  kind: 'User',
  namespaced: false,
}
export const revokedCertificates: ResourceRef<BulwarkRevokedCertificate> = {
  group: bulwarkGroup,
  version: bulwarkVersion,
  resource: 'revokedcertificates',
  kind: 'RevokedCertificate',
  namespaced: false,
}
export const credentialHeader = { apiVersion, kind: 'UserCredential' } as const
