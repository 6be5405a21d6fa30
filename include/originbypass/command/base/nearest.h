#ifndef ORIGINBYPASS_COMMAND_BASE_NEAREST_H
#define ORIGINBYPASS_COMMAND_BASE_NEAREST_H

#include <stddef.h>

/**
 * Find the word that somebody may have meant: the one with the smallest Levenshtein distance (insertions, deletions and
 * replacements of letters; case does not count). The distance must be less than half the length of what was written. If
 * several words are equally near, returns the first one; NULL: no word is near enough. Thread-safe.
 */
const char *nearest_word(const char *written, const char *const *words, size_t count);

/** The same, but with fewer than `shortest` slips, for words that are long. */
const char *nearest_word_within(const char *written, const char *const *words, size_t count, size_t shortest);

#endif
