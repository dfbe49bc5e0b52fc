import { defineKind } from '../define.ts'
import { selfSubjectRulesReviews } from '#kinds/facts/generated/refs.ts'

export const SelfSubjectRulesReview = defineKind(selfSubjectRulesReviews, {})
