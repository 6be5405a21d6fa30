#ifndef ORIGINBYPASS_DOORS_DOOR_H
#define ORIGINBYPASS_DOORS_DOOR_H

/**
 * Marks an interposed function. Together with the list in preload/exports.map, it decides all that programs see of us.
 */
#define DOOR __attribute__((visibility("default")))

#endif
