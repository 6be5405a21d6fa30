#ifndef ORIGINBYPASS_CONFIG_GRAMMAR_H
#define ORIGINBYPASS_CONFIG_GRAMMAR_H

#include <stdbool.h>
#include <stddef.h>

#include "originbypass/config/errors.h"

/**
 * Whether a text is a configuration: settings with values, in groups, lists and arrays. What passes is read alike by
 * every libconfig from 1.5 on, once config_tree_read() has taken the numbers out. False: refused, and the first mistake
 * is told as an error. A newline and NUL follow the text's last octet. `*value_count` gets the number of values, those
 * that are lists and groups included.
 *
 * Refused are also things that some libconfig reads, or reads without a word as something else: a comma with nothing
 * behind it, strings side by side, octets NUL, escapes that only newer versions know, `@include`; and more brackets in
 * each other, settings or values than its stack, time and memory allow.
 */
bool config_grammar_check(const char *file, const char *text, size_t size, struct config_errors *errors,
                          size_t *value_count);

#endif
