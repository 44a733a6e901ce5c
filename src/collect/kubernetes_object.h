#ifndef ODR_COLLECT_KUBERNETES_OBJECT_H
#define ODR_COLLECT_KUBERNETES_OBJECT_H

#include "collect/mask.h"

/* What kubectl prints is judged here: hostile JSON. */

/* An object as somebody would apply it: what the server put there is taken out (status, managedFields, uid,
 * resourceVersion, creationTimestamp …). Of a Secret the values are replaced by their digests, whatever the
 * settings say. In place. False: it is no object of Kubernetes. */
bool kubernetes_clean(const struct mask *mask, json_t *object);
/* "shop/Deployment/odoo", "-/StorageClass/fast" (of no namespace); NULL: it has no name that can be a path.
 * g_free. */
char *kubernetes_path(json_t *object);
/* Adds a row "namespace/claim" for a PersistentVolumeClaim, and for a PersistentVolume what it is on to the
 * row of its claim. Anything else is passed over. */
void kubernetes_map_volume(json_t *object, json_t *rows);

#endif
