/** Somebody whom a review asks about. Nobody acts as this user: a review only asks the authorizers. */
import type { User } from '#api/request.ts'
import { type Identity, identified } from './user.ts'

export const identifiedForReview = (identity: Identity): User => identified({ ...identity, source: 'review' })
