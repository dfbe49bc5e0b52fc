import { defineKind } from '../define.ts'
import { tokenReviews } from '#kinds/facts/generated/refs.ts'

export const TokenReview = defineKind(tokenReviews, {})
