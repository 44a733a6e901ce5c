/* What odrbackup itself is linked with: curl alone would double its start. */
#include "store/driver.h"

const struct store_class *const store_classes[] = {&store_posix, NULL};
