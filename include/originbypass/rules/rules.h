#ifndef ORIGINBYPASS_RULES_RULES_H
#define ORIGINBYPASS_RULES_RULES_H

#include <stdbool.h>
#include <stddef.h>

#include "originbypass/config/config.h"
#include "originbypass/values/name.h"

/** A configuration's host rules, made ready for look-ups. Immutable. */
struct rules;

/** Index the rules of a configuration, which must outlive the result. NULL: no memory. */
struct rules *rules_build(const struct config *config);
void rules_free(struct rules *rules);

/** The configuration that the rules are made from. */
const struct config *rules_config(const struct rules *rules);

/**
 * The rule that decides on a name: the most specific of those that match (the name itself, the longest
 * `*.` above it, then `*`). NULL: none, or a name that stays at home under `*`. The rule may be an excluding one.
 * One hash look-up a label. Thread-safe.
 */
const struct host_rule *rules_match(const struct rules *rules, const struct name *name);

/** Whether the rule `*` leaves a name to libc: it has no dot, or is local by its nature. Thread-safe. */
bool rules_stays_at_home(const struct name *name);

/**
 * The settings of a name that is ours: the rule that decides on it is no excluding one, and the name is a host
 * name and no address. NULL: libc answers. Thread-safe.
 */
const struct host_settings *rules_settings(const struct rules *rules, const struct name *name);

#endif
