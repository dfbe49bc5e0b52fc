import { defineKind } from '../define.ts'
import { selfSubjectReviews } from '#kinds/facts/generated/refs.ts'

export const SelfSubjectReview = defineKind(selfSubjectReviews, {})
