#ifndef ODR_BASE_BUILD_H
#define ODR_BASE_BUILD_H

/* The commit that the program was configured from (m4/commit); NULL: not known. */
const char *build_commit(void);

#endif
