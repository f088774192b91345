/** Limits on JSON, for what is sent and for what is stored. */

/** As Ironic's body limit. Stock clients cannot read what is nested a thousand levels deep. */
export const MAX_JSON_DEPTH = 25;
