/** Facts of our own group, written by hand in the form of the generated ones. */
import type { KObject, ResourceRef } from '#api/metadata.ts'
import type { Schema } from '#api/schema.ts'
import { facts } from './generated/facts.ts'
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
      RevokedCertificateSpec: 'serialNumber=1:s/o issuer=2:s/o reason=3:s/o',
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
  }
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
