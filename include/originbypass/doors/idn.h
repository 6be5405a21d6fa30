#ifndef ORIGINBYPASS_DOORS_IDN_H
#define ORIGINBYPASS_DOORS_IDN_H

/**
 * Convert a name from its ASCII form (`xn--...`) to the form in which its owner writes it, in the program's locale.
 * This is what AI_CANONIDN asks for. The conversion uses the same library as libc, libidn2, which is loaded at the
 * first use and stays loaded, as in libc.
 *
 * Returns the name on the heap, for the caller to free(3). NULL: use the ASCII form. libc does the same if the name is
 * not a valid ASCII form, if the locale cannot show it, or if there is no libidn2. errno may change. Thread-safe; not a
 * cancellation point.
 */
char *idn_shown(const char *name);

#endif
