import { whoCanReviews } from '#kinds/facts/bulwark.ts'
import { ownKind } from './define.ts'

/** Answered, never kept. */
export const WhoCanReview = ownKind(whoCanReviews, {}, ['create'])
