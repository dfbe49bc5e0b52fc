import { defineKind } from '../define.ts'
import { localSubjectAccessReviews } from '#kinds/facts/generated/refs.ts'

export const LocalSubjectAccessReview = defineKind(localSubjectAccessReviews, {})
