/** What rules this version writes. Posture says so: nobody shall rely on what is not there. */

/** NetworkPolicies are kept, and no packet is dropped for them. */
export const enforcesPolicies: boolean = false
