/* All drivers. A program that defines store_classes itself is linked with what it names, and no more. */
#include "store/driver.h"

const struct store_class *const store_classes[] = {&store_posix, &store_s3, &store_libs3, NULL};
