import { defineKind } from '../define.ts'
import { selfSubjectAccessReviews } from '#kinds/facts/generated/refs.ts'

export const SelfSubjectAccessReview = defineKind(selfSubjectAccessReviews, {})
