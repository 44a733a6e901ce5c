#ifndef ODR_BASE_INHABITANTS_H
#define ODR_BASE_INHABITANTS_H

/*
 * Processes whose working folder lies in a folder of ours, and that were confined (base/confine.h): a server's children stay
 * there when it is gone. Whoever only looks around in there, as an operator does, was not.
 */
/* Kills all of them, and waits until they are gone. How many there were. */
unsigned inhabitants_end(const char *folder);
/* Where nobody could be confined, and nobody but the inhabitants is there: all of them but this process. */
unsigned inhabitants_end_all(const char *folder);

#endif
