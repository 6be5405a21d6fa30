#ifndef ORIGINBYPASS_VALUES_RECORD_TYPES_H
#define ORIGINBYPASS_VALUES_RECORD_TYPES_H

#include "originbypass/values/answer.h"

/** The record types by their places in arrays of RECORD_TYPE_COUNT, for the rooms that go through them. */
static const enum record_types types[RECORD_TYPE_COUNT] = {RECORD_A, RECORD_AAAA};

#endif
