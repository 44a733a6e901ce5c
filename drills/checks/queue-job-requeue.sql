-- id: queue_job_requeue   kind: repair (writes)   module: queue_job   odoo: 14-18
-- needs: queue_job
-- Run in the restored copy before Odoo starts. Jobs that had already reached an external system may run twice:
-- identity_key / idempotent connectors decide whether that is safe, so report the ids.
UPDATE queue_job SET state = 'pending', date_enqueued = NULL, date_started = NULL
 WHERE state IN ('started','enqueued') RETURNING id, uuid, channel, model_name, method_name, retry;
