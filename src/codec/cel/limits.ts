/** What upstream allows expressions to cost, in its units: each is about 50 ns. */

/** One evaluation. */
export const perCallLimit = 1_000_000
/** All evaluations for one custom resource, or for one binding of a policy. */
export const perObjectBudget = 10_000_000
/** All match conditions of one webhook, or of one binding of a policy. */
export const matchConditionsBudget = 2_500_000
/** The estimate for one validation rule of a custom resource's schema, and for its messageExpression. */
export const ruleEstimateLimit = 10_000_000
/** The estimates for all rules of one schema, each times how often it can occur. */
export const schemaEstimateLimit = 100_000_000
/** The text that a messageExpression may give, in bytes. */
export const longestMessage = 5 * 1024
/** What is evaluated at once, some 20 ms, before others have their turn. */
export const betweenBreaks = 500_000
