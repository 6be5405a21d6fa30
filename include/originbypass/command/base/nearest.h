#ifndef ORIGINBYPASS_COMMAND_BASE_NEAREST_H
#define ORIGINBYPASS_COMMAND_BASE_NEAREST_H

#include <stddef.h>

/**
 * The word that somebody may have meant: the one that takes the fewest insertions, deletions and replacements of
 * letters (Levenshtein's distance; case does not count), fewer than half of what was written. The first one of several.
 * NULL: none is so near. Thread-safe.
 */
const char *nearest_word(const char *written, const char *const *words, size_t count);

#endif
