import { defineKind } from '../define.ts'
import { subjectAccessReviews } from '#kinds/facts/generated/refs.ts'

export const SubjectAccessReview = defineKind(subjectAccessReviews, {})
