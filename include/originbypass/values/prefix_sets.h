#ifndef ORIGINBYPASS_VALUES_PREFIX_SETS_H
#define ORIGINBYPASS_VALUES_PREFIX_SETS_H

/** The addresses of Cloudflare's proxies: an answer that lies in this set is an edge, and no origin. */
#define PREFIX_SET_EDGE "cloudflare"

/** The prefixes of a set that is compiled in, as texts; the last one is followed by NULL. NULL: there is no such set.
 */
const char *const *prefix_sets_find(const char *name);

#endif
