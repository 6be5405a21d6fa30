#ifndef ORIGINBYPASS_LOOKUP_REFRESH_H
#define ORIGINBYPASS_LOOKUP_REFRESH_H

#include <stdbool.h>

#include "originbypass/lookup/fetch.h"

/**
 * Ask for what the fetch leads (fetch_board()) beside the traffic: in a thread that ends with the fetch, at its
 * deadline at the latest. The flights then belong to the thread, and the caller may join them. False: no thread can be
 * started, and the fetch still belongs to the caller. Nothing in `fetch` is used after the return. The caller is
 * inside. Thread-safe.
 */
bool refresh_start(struct fetch *fetch);

#endif
