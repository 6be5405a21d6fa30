#ifndef ORIGINBYPASS_METRICS_H
#define ORIGINBYPASS_METRICS_H

#include "originbypass/counters_file.h"

/*
 * This process's counters' file (counters_file.h), where the configuration wants one (`metrics.directory`). Whatever is
 * in its way turns metrics off, with one message. For one thread at a time, with signals blocked.
 */

/** Remember who we are, at load: later a child of vfork(2) might ask, which has our memory and a PID of its own. */
void metrics_load(void);

/**
 * Count in a file in `directory` from now on, and fold a few dead processes there. NULL: nothing. Where there is one
 * already, it stays, wherever it is.
 */
void metrics_begin(const char *directory);

/** Say what is to be known of the configuration; remembered for children too. */
void metrics_tell(const struct counters_load *load);

/**
 * In a new copy of the process, after counters_reset_in_child(): a file of its own, which begins at zero. In another
 * root directory than at load there is none, and no message.
 */
void metrics_adopt(void);

#endif
