#ifndef ORIGINBYPASS_DOORS_IDN_H
#define ORIGINBYPASS_DOORS_IDN_H

/**
 * A name as its owner writes it, in the program's locale, out of its ASCII form (`xn--...`): what AI_CANONIDN asks for.
 * By the same library as libc, libidn2, which is loaded then and stays, as libc's own use of it does.
 *
 * Returns the name on the heap, for the caller to free(3). NULL: the ASCII form is to be used, as libc does where the
 * name is nobody's ASCII form, the locale cannot show it, or there is no libidn2. errno may change. Thread-safe; no
 * cancellation point.
 */
char *idn_shown(const char *name);

#endif
