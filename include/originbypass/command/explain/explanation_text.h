#ifndef ORIGINBYPASS_COMMAND_EXPLAIN_EXPLANATION_TEXT_H
#define ORIGINBYPASS_COMMAND_EXPLAIN_EXPLANATION_TEXT_H

#include "originbypass/command/explain/explanation.h"

/** Write it for people to standard output. */
void explanation_print(const struct explanation *explanation);

#endif
