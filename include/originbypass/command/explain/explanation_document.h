#ifndef ORIGINBYPASS_COMMAND_EXPLAIN_EXPLANATION_DOCUMENT_H
#define ORIGINBYPASS_COMMAND_EXPLAIN_EXPLANATION_DOCUMENT_H

#include "originbypass/command/explain/explanation.h"

/** Write it as an object of a JSON document. */
void explanation_document(const struct explanation *explanation);

#endif
